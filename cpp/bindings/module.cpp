// The Python module fastguard._core: registers, nothing else.
#include "guard_object.h"
#include "register.h"

namespace py = pybind11;
namespace fg = fastguard::python;

PYBIND11_MODULE(_core, module, py::mod_gil_not_used()) {
    module.doc() = "The native engine of fastguard.";
    module.attr("__version__") = FASTGUARD_VERSION;
    if (fg::add_category_type(module.ptr()) < 0 || fg::add_finding_type(module.ptr()) < 0 ||
        fg::add_verdict_type(module.ptr()) < 0 || fg::add_guard_type(module.ptr()) < 0 ||
        fg::add_stream_type(module.ptr()) < 0) {
        throw py::error_already_set();
    }
    fg::register_errors(module);
    fg::register_pack(module);
    fg::register_policy(module);
    fg::register_model(module);
    fg::register_tools(module);
    fg::register_wordpiece(module);
    fg::register_language(module);
    fg::register_load(module);
    fg::register_timings(module);
}
