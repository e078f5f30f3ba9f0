// `Verdict`: an immutable C type whose parts are made when they are asked for.
#include "verdict_object.h"

#include <algorithm>
#include <array>
#include <new>
#include <vector>

namespace fastguard::python {
namespace {

PyTypeObject* verdict_type = nullptr;
PyObject* actions[4] = {nullptr, nullptr, nullptr, nullptr};

constexpr std::array<std::pair<Truncated, const char*>, 6> kTruncatedNames = {
    {{Truncated::max_bytes, "max_bytes"},
     {Truncated::max_findings, "max_findings"},
     {Truncated::deep_windows, "deep_windows"},
     {Truncated::decode_budget, "decode_budget"},
     {Truncated::stream_window, "stream_window"},
     {Truncated::budget_us, "budget_us"}}};
constexpr std::array<std::pair<Degraded, const char*>, 3> kDegradedNames = {
    {{Degraded::model, "model"}, {Degraded::memory, "memory"}, {Degraded::scanner, "scanner"}}};

VerdictObject& self_of(PyObject* object) noexcept { return verdict_of(object); }

void dealloc(PyObject* object) noexcept {
    VerdictObject& self = self_of(object);
    PyTypeObject* type = Py_TYPE(object);
    delete[] self.records;
    delete[] self.decoded;
    Py_XDECREF(self.metas);
    Py_XDECREF(self.text);
    Py_XDECREF(self.findings);
    Py_XDECREF(self.more_degraded);
    type->tp_free(object);
    Py_DECREF(type);
}

// A new tuple of the findings, made from the records.
Ref build_findings(const VerdictObject& self) noexcept {
    Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(self.record_count)));
    for (std::size_t i = 0; tuple && i < self.record_count; ++i) {
        PyObject* meta = PyTuple_GET_ITEM(self.metas, static_cast<Py_ssize_t>(self.records[i].signature));
        const std::string_view decoded(self.decoded, self.decoded_size);
        const Finding& record = self.records[i];
        Ref finding = make_finding(meta, self.text, record, decoded.substr(record.decoded_begin, record.decoded_size));
        if (!finding) {
            return {};
        }
        PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), finding.release());
    }
    return tuple;
}

Ref findings_of(PyObject* object) noexcept {
    VerdictObject& self = self_of(object);
#if defined(Py_GIL_DISABLED)
    if (self.findings != nullptr) {
        return Ref::borrow(self.findings);
    }
    return build_findings(self);  // not kept: two threads may ask at once
#else
    if (self.findings == nullptr) {
        self.findings = build_findings(self).release();
    }
    return Ref::borrow(self.findings);
#endif
}

template <std::size_t N, class Bit>
Ref names_of(std::uint8_t bits, const std::array<std::pair<Bit, const char*>, N>& names, PyObject* more) noexcept {
    Ref list(PyList_New(0));
    for (const auto& [bit, name] : names) {
        if (list && (bits & static_cast<std::uint8_t>(bit)) != 0) {
            const Ref text = make_str(name);
            if (!text || PyList_Append(list.get(), text.get()) < 0) {
                return {};
            }
        }
    }
    if (list && more != nullptr && PyList_SetSlice(list.get(), PY_SSIZE_T_MAX, PY_SSIZE_T_MAX, more) < 0) {
        return {};
    }
    return list ? Ref(PyList_AsTuple(list.get())) : Ref();
}

double plain(float score) noexcept { return static_cast<double>(static_cast<int>(score * 10000.0F + 0.5F)) / 10000.0; }

PyObject* get_flagged(PyObject* object, void*) noexcept {
    return PyBool_FromLong(self_of(object).action != Action::allow ? 1 : 0);
}
PyObject* get_action(PyObject* object, void*) noexcept { return Py_NewRef(action_member(self_of(object).action)); }
PyObject* get_score(PyObject* object, void*) noexcept { return PyFloat_FromDouble(plain(self_of(object).score)); }
PyObject* get_level(PyObject* object, void*) noexcept { return PyLong_FromLong(self_of(object).level); }
PyObject* get_tier(PyObject* object, void*) noexcept {
    return make_str(kDepths[static_cast<std::size_t>(self_of(object).tier)]).release();
}
PyObject* get_findings(PyObject* object, void*) noexcept { return findings_of(object).release(); }
PyObject* get_truncated(PyObject* object, void*) noexcept {
    return names_of(self_of(object).truncated, kTruncatedNames, nullptr).release();
}
PyObject* get_degraded(PyObject* object, void*) noexcept {
    return names_of(self_of(object).degraded, kDegradedNames, self_of(object).more_degraded).release();
}
PyObject* get_categories(PyObject* object, void*) noexcept {
    Ref dict(PyDict_New());
    for (std::size_t i = 0; dict && i < kCategoryCount; ++i) {
        const CategoryResult& category = self_of(object).categories[i];
        if (category.level == 0) {
            continue;
        }
        const Ref name = make_str(kCategories[i]);
        const Ref value = make_category(category.score, category.level);
        if (!name || !value || PyDict_SetItem(dict.get(), name.get(), value.get()) < 0) {
            return nullptr;
        }
    }
    return dict.release();
}

PyGetSetDef getters[] = {
    {"flagged", &get_flagged, nullptr, "Whether the action is anything but allow.", nullptr},
    {"action", &get_action, nullptr, "What the policy says to do: an `Action`.", nullptr},
    {"score", &get_score, nullptr, "Greatest score of the categories; 0.0 where none came up.", nullptr},
    {"level", &get_level, nullptr, "Least level of the categories: 1 (confident) to 5 (unlikely, or nothing).",
     nullptr},
    {"categories", &get_categories, nullptr, "Score and level of each category that came up, by name.", nullptr},
    {"findings", &get_findings, nullptr, "The places that signatures matched, in order.", nullptr},
    {"truncated", &get_truncated, nullptr, "Names of the limits that were reached.", nullptr},
    {"degraded", &get_degraded, nullptr, "Parts that could not run or were not scanned.", nullptr},
    {"tier", &get_tier, nullptr, "The deepest tier that had a say: gate, fast or deep.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyObject* to_dict(PyObject* object, PyObject*) noexcept {
    Ref dict(PyDict_New());
    for (const PyGetSetDef* getter = getters; dict && getter->name != nullptr; ++getter) {
        const std::string_view name = getter->name;
        Ref value;
        if (name == "action") {
            value = make_str(kActions[static_cast<std::size_t>(self_of(object).action)]);
        } else if (name == "findings") {
            const Ref findings = findings_of(object);
            value = Ref(PyList_New(0));
            for (Py_ssize_t i = 0; findings && value && i < PyTuple_GET_SIZE(findings.get()); ++i) {
                const Ref item(PyObject_CallMethod(PyTuple_GET_ITEM(findings.get(), i), "to_dict", nullptr));
                if (!item || PyList_Append(value.get(), item.get()) < 0) {
                    return nullptr;
                }
            }
        } else if (name == "categories") {
            value = Ref(get_categories(object, nullptr));
            PyObject* key = nullptr;
            PyObject* category = nullptr;
            Py_ssize_t at = 0;
            while (value && PyDict_Next(value.get(), &at, &key, &category) != 0) {
                const Ref plain_category(Py_BuildValue("{sOsO}", "score", PyTuple_GET_ITEM(category, 0), "level",
                                                       PyTuple_GET_ITEM(category, 1)));
                if (!plain_category || PyDict_SetItem(value.get(), key, plain_category.get()) < 0) {
                    return nullptr;
                }
            }
        } else {
            value = Ref(getter->get(object, nullptr));
        }
        if (!value || PyDict_SetItemString(dict.get(), getter->name, value.get()) < 0) {
            return nullptr;
        }
    }
    return dict.release();
}

PyObject* repr(PyObject* object) noexcept {
    const VerdictObject& self = self_of(object);
    const Ref categories(get_categories(object, nullptr));
    const Ref names(categories ? PyDict_Keys(categories.get()) : nullptr);
    const Ref score(PyFloat_FromDouble(plain(self.score)));
    const Ref findings = findings_of(object);
    if (!names || !score || !findings) {
        return nullptr;
    }
    return PyUnicode_FromFormat("Verdict(action='%s', score=%R, level=%d, categories=%R, findings=%zd)",
                                kActions[static_cast<std::size_t>(self.action)].data(), score.get(), int{self.level},
                                names.get(), PyTuple_GET_SIZE(findings.get()));
}

PyMethodDef methods[] = {{"to_dict", &to_dict, METH_NOARGS, "The verdict as plain values, ready for JSON."},
                         {"__reduce__", &verdict_reduce, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                       {Py_tp_new, reinterpret_cast<void*>(&verdict_construct)},
                       {Py_tp_getset, getters},
                       {Py_tp_methods, methods},
                       {Py_tp_richcompare, reinterpret_cast<void*>(&verdict_compare)},
                       {Py_tp_hash, reinterpret_cast<void*>(&verdict_hash)},
                       {Py_tp_repr, reinterpret_cast<void*>(&repr)},
                       {Py_tp_doc, const_cast<char*>("The answer of one check; immutable, hashable, picklable.")},
                       {0, nullptr}};
PyType_Spec spec = {"fastguard._core.Verdict", sizeof(VerdictObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                    slots};

void join(VerdictObject& into, const VerdictObject& from) noexcept {
    into.action = std::max(into.action, from.action);
    into.tier = std::max(into.tier, from.tier);
    into.level = std::min(into.level, from.level);
    into.truncated |= from.truncated;
    into.degraded |= from.degraded;
    into.score = std::max(into.score, from.score);
    for (std::size_t i = 0; i < kCategoryCount; ++i) {
        CategoryResult& a = into.categories[i];
        const CategoryResult& b = from.categories[i];
        if (b.level != 0) {
            a.level = a.level == 0 ? b.level : std::min(a.level, b.level);
            a.score = std::max(a.score, b.score);
        }
    }
}

}  // namespace

PyObject* action_member(Action action) noexcept {
    PyObject* member = actions[static_cast<std::size_t>(action)];
    return member == nullptr ? Py_None : member;
}

int register_actions(PyObject* members) noexcept {
    if (!PyTuple_Check(members) || PyTuple_GET_SIZE(members) != 4) {
        PyErr_SetString(PyExc_TypeError, "expected the four members of Action as a tuple");
        return -1;
    }
    for (Py_ssize_t i = 0; i < 4; ++i) {
        Py_XSETREF(actions[i], Py_NewRef(PyTuple_GET_ITEM(members, i)));
    }
    return 0;
}

int add_verdict_type(PyObject* module) noexcept {
    verdict_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return verdict_type == nullptr
               ? -1
               : PyModule_AddObjectRef(module, "Verdict", reinterpret_cast<PyObject*>(verdict_type));
}

Ref allocate_verdict() noexcept { return Ref(verdict_type->tp_alloc(verdict_type, 0)); }

bool is_verdict(PyObject* object) noexcept { return Py_TYPE(object) == verdict_type; }

Ref verdict_findings(PyObject* verdict) noexcept { return findings_of(verdict); }

// A verdict that says what the result does but for its findings; null where memory runs out.
static Ref verdict_without_findings(const CheckResult& result) noexcept {
    Ref made = allocate_verdict();
    if (made) {
        VerdictObject& self = self_of(made.get());
        self.action = result.action;
        self.tier = result.tier;
        self.level = result.level;
        self.truncated = result.truncated;
        self.degraded = result.degraded;
        self.score = result.score;
        self.categories = result.categories;
    }
    return made;
}

Ref make_verdict(const CheckResult& result, PyObject* text, PyObject* metas) noexcept {
    Ref made = verdict_without_findings(result);
    if (!made || result.findings.empty()) {
        return made;
    }
    VerdictObject& self = self_of(made.get());
    const std::string& decoded = result.decoded;
    self.records = new (std::nothrow) Finding[result.findings.size()];
    self.decoded = decoded.empty() ? nullptr : new (std::nothrow) char[decoded.size()];
    if (self.records == nullptr || (self.decoded == nullptr && !decoded.empty())) {
        PyErr_NoMemory();
        return {};
    }
    std::copy(result.findings.begin(), result.findings.end(), self.records);
    std::copy(decoded.begin(), decoded.end(), self.decoded);
    self.decoded_size = decoded.size();
    self.record_count = result.findings.size();
    self.metas = Py_NewRef(metas);
    self.text = Py_NewRef(text);
    return made;
}

Ref make_verdict_of(const CheckResult& result, PyObject* findings) noexcept {
    Ref made = verdict_without_findings(result);
    if (made) {
        self_of(made.get()).findings = Py_NewRef(findings);
    }
    return made;
}

Ref merge_verdicts(PyObject* verdicts, PyObject* messages, PyObject* degraded) noexcept {
    const Ref items(PySequence_Tuple(verdicts));
    const Ref places(PySequence_Tuple(messages));
    const Ref more(PySequence_Tuple(degraded));
    Ref made = allocate_verdict();
    Ref findings(PyList_New(0));
    if (!items || !places || !more || !made || !findings) {
        return {};
    }
    if (PyTuple_GET_SIZE(items.get()) != PyTuple_GET_SIZE(places.get())) {
        PyErr_SetString(PyExc_ValueError, "one message index per verdict is needed");
        return {};
    }
    VerdictObject& self = self_of(made.get());
    self.level = kLevels;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items.get()); ++i) {
        PyObject* item = PyTuple_GET_ITEM(items.get(), i);
        const Py_ssize_t message = PyLong_AsSsize_t(PyTuple_GET_ITEM(places.get(), i));
        if (PyErr_Occurred() != nullptr) {
            return {};
        }
        if (!is_verdict(item)) {
            PyErr_Format(PyExc_TypeError, "verdicts[%zd] is not a Verdict", i);
            return {};
        }
        join(self, self_of(item));
        const Ref theirs = findings_of(item);
        for (Py_ssize_t j = 0; theirs && j < PyTuple_GET_SIZE(theirs.get()); ++j) {
            const Ref finding = finding_of_message(PyTuple_GET_ITEM(theirs.get(), j), message);
            if (!finding || PyList_Append(findings.get(), finding.get()) < 0) {
                return {};
            }
        }
        if (!theirs) {
            return {};
        }
    }
    self.findings = PyList_AsTuple(findings.get());
    self.more_degraded = PyTuple_GET_SIZE(more.get()) == 0 ? nullptr : Py_NewRef(more.get());
    return self.findings == nullptr ? Ref() : std::move(made);
}

}  // namespace fastguard::python
