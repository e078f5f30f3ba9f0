// Errors of the engine as Python exceptions, and the two functions that join Python objects.
#include "guard_object.h"
#include "register.h"

namespace py = pybind11;

namespace fastguard::python {
namespace {

PyObject* build_error = nullptr;

}  // namespace

void set_build_error(const BuildError& error) noexcept {
    const Ref arguments(Py_BuildValue("(sss)", error.what(), error.id().c_str(), error.field().c_str()));
    if (arguments) {
        PyErr_SetObject(build_error, arguments.get());
    }
}

void register_errors(py::module_& module) {
    build_error = PyErr_NewException("fastguard._core.PackBuildError", PyExc_ValueError, nullptr);
    if (build_error == nullptr) {
        throw py::error_already_set();
    }
    module.add_object("PackBuildError", py::reinterpret_borrow<py::object>(build_error));
    py::register_exception<DatabaseError>(module, "DatabaseError", PyExc_ValueError);
    py::register_exception_translator([](std::exception_ptr pointer) {  // NOLINT(performance-unnecessary-value-param)
        try {
            if (pointer) {
                std::rethrow_exception(pointer);
            }
        } catch (const BuildError& error) {
            set_build_error(error);
        }
    });
    module.def(
        "register_actions",
        [](const py::object& members) {
            if (register_actions(members.ptr()) < 0) {
                throw py::error_already_set();
            }
        },
        py::arg("members"), "Tell the engine the four members of Action.");
    module.def(
        "merge_verdicts",
        [](const py::object& verdicts, const py::object& messages, const py::object& degraded) {
            Ref merged = merge_verdicts(verdicts.ptr(), messages.ptr(), degraded.ptr());
            if (!merged) {
                throw py::error_already_set();
            }
            return py::reinterpret_steal<py::object>(merged.release());
        },
        py::arg("verdicts"), py::arg("messages"), py::arg("degraded") = py::tuple(),
        "Join the verdicts of a conversation's texts.");
}

}  // namespace fastguard::python
