// `redact`: secrets and personal data out, placeholders in.
#include "fastguard/redaction.h"
#include "guard_object.h"

#include <algorithm>
#include <array>
#include <map>
#include <new>
#include <string>
#include <vector>

namespace fastguard::python {
namespace {

constexpr int kRounds = 4;  // redacted text is checked again until nothing is found

// What to replace in code points, left to right, without overlap.
std::vector<Replacement> choose(const Engine& engine, const CheckResult& result) {
    std::vector<Replacement> chosen;
    for (const Finding& finding : result.findings) {
        if (is_entity(engine.pack().signatures()[finding.signature].spec.category)) {
            chosen.push_back({finding.begin.code_point, finding.end.code_point, finding.signature});
        }
    }
    join_overlapping(chosen);
    return chosen;
}

// Gives each distinct value its placeholder, the same one each time, and none that the text has already.
class Names {
  public:
    explicit Names(PyObject* text) noexcept : text_(text), mapping_(PyDict_New()), placeholders_(PyDict_New()) {}

    // New reference to the placeholder of `value`; empty on failure.
    Ref placeholder(const std::string& entity, PyObject* value) {
        const Ref label = make_str(entity);
        const Ref key(label ? PyTuple_Pack(2, label.get(), value) : nullptr);
        if (!key) {
            return {};
        }
        if (PyObject* known = PyDict_GetItemWithError(placeholders_.get(), key.get())) {
            return Ref::borrow(known);
        }
        while (PyErr_Occurred() == nullptr) {
            Ref name(PyUnicode_FromFormat("<%s_%ld>", entity.c_str(), ++counts_[entity]));
            const int taken = name ? PyUnicode_Contains(text_, name.get()) : -1;
            if (taken == 1) {
                continue;
            }
            if (taken < 0 || PyDict_SetItem(placeholders_.get(), key.get(), name.get()) < 0 ||
                PyDict_SetItem(mapping_.get(), name.get(), value) < 0) {
                return {};
            }
            return name;
        }
        return {};
    }

    [[nodiscard]] PyObject* mapping() const noexcept { return mapping_.get(); }

  private:
    PyObject* text_;
    Ref mapping_;
    Ref placeholders_;
    std::map<std::string, long> counts_;
};

Ref replace(const Engine& engine, PyObject* text, const std::vector<Replacement>& replacements, Names& names) {
    Ref parts(PyList_New(0));
    Py_ssize_t at = 0;
    const auto add = [&parts](const Ref& part) { return part && PyList_Append(parts.get(), part.get()) == 0; };
    for (const Replacement& next : replacements) {
        const auto begin = static_cast<Py_ssize_t>(next.begin);
        const auto end = static_cast<Py_ssize_t>(next.end);
        const std::string entity = entity_of(engine.pack().signatures()[next.signature].spec.id);
        const Ref value(PyUnicode_Substring(text, begin, end));
        if (!parts || !value || !add(Ref(PyUnicode_Substring(text, at, begin))) ||
            !add(names.placeholder(entity, value.get()))) {
            return {};
        }
        at = end;
    }
    if (!parts || !add(Ref(PyUnicode_Substring(text, at, PyUnicode_GET_LENGTH(text))))) {
        return {};
    }
    const Ref empty(PyUnicode_FromString(""));
    return empty ? Ref(PyUnicode_Join(empty.get(), parts.get())) : Ref();
}

}  // namespace

PyObject* guard_redact(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* argument_names[] = {"text", "source", nullptr};
    PyObject* text = nullptr;
    PyObject* source_name = nullptr;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:redact", const_cast<char**>(argument_names), &text,
                                    &source_name) == 0) {
        return nullptr;
    }
    std::uint8_t source = 1;
    if (!PyUnicode_Check(text)) {
        PyErr_Format(PyExc_TypeError, "text must be str, not %s", Py_TYPE(text)->tp_name);
        return nullptr;
    }
    if (source_name != nullptr && !source_of(source_name, source)) {
        return nullptr;
    }
    const Hold hold(self);
    if (!hold) {
        return nullptr;
    }
    try {
        Names names(text);
        Ref current = Ref::borrow(text);
        int rounds = kRounds;
        for (Py_ssize_t left = PyUnicode_GET_LENGTH(text) / 4 + kRounds; rounds > 0 && left > 0; --left) {
            Text view;
            if (!text_of(current.get(), view, "text")) {
                return nullptr;
            }
            CheckResult result;
            result.untimed = result.entities_only = true;
            if (!check_released(hold.engine(), view, source, result)) {
                return nullptr;
            }
            if (result.has(Truncated::max_bytes)) {
                PyErr_SetString(PyExc_ValueError,
                                "text is longer than the policy's limit max_bytes: nothing is redacted");
                return nullptr;
            }
            if (result.degraded != 0) {
                PyErr_SetString(PyExc_RuntimeError, "a part of the engine could not run: nothing is redacted");
                return nullptr;
            }
            const std::vector<Replacement> replacements = choose(hold.engine(), result);
            if (replacements.empty() && result.has(Truncated::max_findings)) {
                PyErr_SetString(PyExc_RuntimeError,
                                "the text has more of what could be an entity than is looked at: nothing is redacted");
                return nullptr;
            }
            if (replacements.empty()) {
                break;
            }
            // A round that was full only makes room for the findings behind it.
            rounds -= result.has(Truncated::max_findings) ? 0 : 1;
            current = replace(hold.engine(), current.get(), replacements, names);
            if (!current) {
                return nullptr;
            }
        }
        return Py_BuildValue("(OO)", current.get(), names.mapping());
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

}  // namespace fastguard::python
