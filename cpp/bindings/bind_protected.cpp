// `protect`, `canary` and what goes with them: texts that must not come out again.
#include "fastguard/transcode.h"
#include "guard_object.h"

#include <new>
#include <string>
#include <vector>

namespace fastguard::python {
namespace {

// A str as UTF-8, with U+FFFD for lone surrogates. False with an exception set.
bool utf8_of(PyObject* text, const char* name, std::string& out) {
    if (PyUnicode_Check(text) == 0) {
        PyErr_Format(PyExc_TypeError, "%s: expected a str, got %s", name, Py_TYPE(text)->tp_name);
        return false;
    }
    Text read;
    if (!text_of(text, read, name)) {
        return false;
    }
    if (read.is_bytes()) {
        out.assign(static_cast<const char*>(read.data), read.units);
        return true;
    }
    std::size_t surrogates = 0;
    out.resize(4 * read.units + kTranscodeSlack);
    out.resize(transcode(read, 0, read.units, out.data(), surrogates));
    return true;
}

void set_error(const BuildError& error) noexcept {
    PyErr_Format(PyExc_ValueError, "protect: %s of %s %s", error.field().c_str(), error.id().c_str(), error.what());
}

using Adder = void (ProtectedTexts::*)(const std::string&, std::string_view);

PyObject* add(PyObject* self, PyObject* args, Adder adder) noexcept {
    PyObject* name = nullptr;
    PyObject* text = nullptr;
    if (PyArg_UnpackTuple(args, "protect", 2, 2, &name, &text) == 0) {
        return nullptr;
    }
    const Hold hold(self);
    if (!hold) {
        return nullptr;
    }
    try {
        std::string own_name;
        std::string own_text;
        if (!utf8_of(name, "name", own_name) || !utf8_of(text, "text", own_text)) {
            return nullptr;
        }
        (*hold.engine().protected_texts().*adder)(own_name, own_text);
        Py_RETURN_NONE;
    } catch (const BuildError& error) {
        set_error(error);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return nullptr;
}

}  // namespace

PyObject* guard_protect(PyObject* self, PyObject* args) noexcept { return add(self, args, &ProtectedTexts::add); }

PyObject* guard_protect_word(PyObject* self, PyObject* args) noexcept {
    return add(self, args, &ProtectedTexts::add_canary);
}

PyObject* guard_make_canary(PyObject*, PyObject*) noexcept {
    try {
        return make_str(ProtectedTexts::make_canary()).release();
    } catch (const std::exception& error) {
        PyErr_Format(PyExc_OSError, "no random numbers: %s", error.what());
        return nullptr;
    }
}

PyObject* guard_unprotect(PyObject* self, PyObject* name) noexcept {
    const Hold hold(self);
    if (!hold) {
        return nullptr;
    }
    try {
        std::string own;
        return utf8_of(name, "name", own) ? PyBool_FromLong(hold.engine().protected_texts()->remove(own) ? 1 : 0)
                                          : nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

PyObject* guard_protected(PyObject* self, PyObject*) noexcept {
    const Hold hold(self);
    if (!hold) {
        return nullptr;
    }
    try {
        const std::vector<std::string> names = hold.engine().protected_texts()->names();
        Ref list(PyTuple_New(static_cast<Py_ssize_t>(names.size())));
        for (std::size_t i = 0; list && i < names.size(); ++i) {
            PyObject* name = make_str(names[i]).release();
            if (name == nullptr) {
                return nullptr;
            }
            PyTuple_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), name);
        }
        return list.release();
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

// What of a text is protected: tuples (name, first code point, code point after the last).
PyObject* guard_leaks(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"text", "source", nullptr};
    PyObject* object = nullptr;
    PyObject* source_name = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:leaks", const_cast<char**>(names), &object, &source_name) ==
        0) {
        return nullptr;
    }
    std::uint8_t source = *index_of(kSources, "assistant");
    Text text;
    const Hold hold(self);
    if (!hold || (source_name != nullptr && !source_of(source_name, source)) || !text_of(object, text, "text")) {
        return nullptr;
    }
    try {
        const Engine& engine = hold.engine();
        CheckResult result;
        result.untimed = true;
        if (!check_released(engine, text, source, result)) {
            return nullptr;
        }
        if (result.has(Truncated::max_bytes)) {
            PyErr_SetString(PyExc_ValueError,
                            "text is longer than the policy's limit max_bytes: what follows may leak more");
            return nullptr;
        }
        Ref list(PyList_New(0));
        for (const Finding& finding : result.findings) {
            const bool ours = engine.pack().protecting(false) == finding.signature ||
                              engine.pack().protecting(true) == finding.signature;
            if (!ours) {
                continue;
            }
            const Ref name = make_str(engine.protected_texts()->name(finding.detail));
            const Ref item(name ? Py_BuildValue("(OKK)", name.get(),
                                                static_cast<unsigned long long>(finding.begin.code_point),
                                                static_cast<unsigned long long>(finding.end.code_point))
                                : nullptr);
            if (!list || !item || PyList_Append(list.get(), item.get()) < 0) {
                return nullptr;
            }
        }
        return list.release();
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

}  // namespace fastguard::python
