// From Python objects to the engine's values.
#include "python.h"

namespace fastguard::python {

bool text_of(PyObject* object, Text& text, const char* what, Py_ssize_t index) noexcept {
    if (PyUnicode_Check(object)) {
        text.data = PyUnicode_DATA(object);
        text.units = static_cast<std::size_t>(PyUnicode_GET_LENGTH(object));
        switch (PyUnicode_KIND(object)) {
            case PyUnicode_1BYTE_KIND:
                text.kind = PyUnicode_IS_ASCII(object) ? TextKind::ascii : TextKind::latin1;
                return true;
            case PyUnicode_2BYTE_KIND:
                text.kind = TextKind::ucs2;
                return true;
            default:
                text.kind = TextKind::ucs4;
                return true;
        }
    }
    if (PyBytes_Check(object)) {
        text = {TextKind::utf8, PyBytes_AS_STRING(object), static_cast<std::size_t>(PyBytes_GET_SIZE(object))};
        return true;
    }
    const char* type = Py_TYPE(object)->tp_name;
    if (index < 0) {
        PyErr_Format(PyExc_TypeError, "%s must be str or bytes, not %s", what, type);
    } else {
        PyErr_Format(PyExc_TypeError, "%s[%zd] must be str or bytes, not %s", what, index, type);
    }
    return false;
}

bool source_of(PyObject* name, std::uint8_t& source) noexcept {
    if (!PyUnicode_Check(name)) {
        PyErr_Format(PyExc_TypeError, "source must be a str, not %s", Py_TYPE(name)->tp_name);
        return false;
    }
    for (std::size_t i = 0; i < kSourceCount; ++i) {
        if (PyUnicode_CompareWithASCIIString(name, kSources[i].data()) == 0) {
            source = static_cast<std::uint8_t>(i);
            return true;
        }
    }
    PyErr_Format(PyExc_ValueError,
                 "unknown source %R; expected one of system, user, assistant, tool_result, tool_definition, retrieved, "
                 "memory",
                 name);
    return false;
}

}  // namespace fastguard::python
