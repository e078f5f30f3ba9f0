// What a text costs a model: `estimate_tokens`.
#include "register.h"

#include "fastguard/load.h"
#include "fastguard/policy.h"
#include "guard_object.h"

namespace py = pybind11;

namespace fastguard::python {
namespace {

std::uint64_t tokens_of(const py::object& object) {
    Text text;
    if (!text_of(object.ptr(), text, "text")) {
        throw py::error_already_set();
    }
    Buffer<char> buffer;
    return estimate_tokens(text, buffer);
}

}  // namespace

void register_load(py::module_& module) {
    module.def("estimate_tokens", &tokens_of, py::arg("text"), "About how many tokens a text is to a model.");
    module.attr("MAX_TOKENS") = kMostTokens;
}

}  // namespace fastguard::python
