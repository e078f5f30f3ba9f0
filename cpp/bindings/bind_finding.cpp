// `Category` and `Finding`: immutable C types.
#include "python.h"

#include <structseq.h>

#include <array>

namespace fastguard::python {
namespace {

PyTypeObject* category_type = nullptr;
PyTypeObject* finding_type = nullptr;

struct FindingObject {
    PyObject_HEAD PyObject* meta;
    PyObject* text;     // the caller's whole text, or the finding's own part of it where `whole` is false
    PyObject* decoded;  // str, or null: it stands in the text itself
    bool whole;
    bool mention;
    ViewKind view;
    Py_ssize_t message;
    TextPlace begin;
    TextPlace end;
};

FindingObject* self_of(PyObject* object) noexcept { return reinterpret_cast<FindingObject*>(object); }

void dealloc(PyObject* object) noexcept {
    PyTypeObject* type = Py_TYPE(object);
    Py_XDECREF(self_of(object)->meta);
    Py_XDECREF(self_of(object)->text);
    Py_XDECREF(self_of(object)->decoded);
    type->tp_free(object);
    Py_DECREF(type);
}

Ref allocate() noexcept { return Ref(finding_type->tp_alloc(finding_type, 0)); }

// The part of the caller's text. For bytes: decoded, with one surrogate for each byte that is no valid UTF-8.
Ref part_of_text(const FindingObject& self) noexcept {
    if (!self.whole) {
        return Ref::borrow(self.text);
    }
    if (PyUnicode_Check(self.text)) {
        return Ref(PyUnicode_Substring(self.text, static_cast<Py_ssize_t>(self.begin.code_point),
                                       static_cast<Py_ssize_t>(self.end.code_point)));
    }
    return Ref(PyUnicode_DecodeUTF8(PyBytes_AS_STRING(self.text) + self.begin.byte,
                                    static_cast<Py_ssize_t>(self.end.byte - self.begin.byte), "surrogateescape"));
}

template <int Field>
PyObject* get_meta(PyObject* object, void*) noexcept {
    return Py_NewRef(PyTuple_GET_ITEM(self_of(object)->meta, Field));
}
template <std::uint64_t TextPlace::*Unit>
PyObject* get_begin(PyObject* object, void*) noexcept {
    return PyLong_FromUnsignedLongLong(self_of(object)->begin.*Unit);
}
template <std::uint64_t TextPlace::*Unit>
PyObject* get_end(PyObject* object, void*) noexcept {
    return PyLong_FromUnsignedLongLong(self_of(object)->end.*Unit);
}
PyObject* get_view(PyObject* object, void*) noexcept {
    return make_str(kViews[static_cast<std::size_t>(self_of(object)->view)]).release();
}
PyObject* get_text(PyObject* object, void*) noexcept { return part_of_text(*self_of(object)).release(); }
PyObject* decoded_of(const FindingObject& self) noexcept { return self.decoded == nullptr ? Py_None : self.decoded; }
PyObject* get_decoded(PyObject* object, void*) noexcept { return Py_NewRef(decoded_of(*self_of(object))); }
PyObject* get_message(PyObject* object, void*) noexcept {
    const Py_ssize_t message = self_of(object)->message;
    return message < 0 ? Py_NewRef(Py_None) : PyLong_FromSsize_t(message);
}

PyObject* get_mention(PyObject* object, void*) noexcept { return PyBool_FromLong(self_of(object)->mention ? 1 : 0); }

PyGetSetDef getters[] = {
    {"signature", &get_meta<kMetaId>, nullptr, "Id of the signature that matched.", nullptr},
    {"detector", &get_meta<kMetaDetector>, nullptr, "`category/detector` of the signature.", nullptr},
    {"category", &get_meta<kMetaCategory>, nullptr, "Category of the signature.", nullptr},
    {"summary", &get_meta<kMetaSummary>, nullptr, "What the signature looks for, in words.", nullptr},
    {"severity", &get_meta<kMetaSeverity>, nullptr, "low, medium, high or critical.", nullptr},
    {"tier", &get_meta<kMetaTier>, nullptr, "1 (no known false positive) to 3 (hunting).", nullptr},
    {"score", &get_meta<kMetaScore>, nullptr, "Probability that this match alone stands for.", nullptr},
    {"atlas", &get_meta<kMetaAtlas>, nullptr, "MITRE ATLAS technique ids.", nullptr},
    {"owasp", &get_meta<kMetaOwasp>, nullptr, "OWASP ids.", nullptr},
    {"cwe", &get_meta<kMetaCwe>, nullptr, "CWE ids: what a program is weak to that trusts the text.", nullptr},
    {"view", &get_view, nullptr, "The view that matched: raw, folded, skeleton.", nullptr},
    {"start", &get_begin<&TextPlace::code_point>, nullptr, "First code point in the caller's text.", nullptr},
    {"end", &get_end<&TextPlace::code_point>, nullptr, "Code point after the last.", nullptr},
    {"byte_start", &get_begin<&TextPlace::byte>, nullptr, "First byte of the text as UTF-8.", nullptr},
    {"byte_end", &get_end<&TextPlace::byte>, nullptr, "Byte after the last.", nullptr},
    {"utf16_start", &get_begin<&TextPlace::utf16>, nullptr, "First UTF-16 unit.", nullptr},
    {"utf16_end", &get_end<&TextPlace::utf16>, nullptr, "UTF-16 unit after the last.", nullptr},
    {"text", &get_text, nullptr, "The caller's text from start to end.", nullptr},
    {"decoded", &get_decoded, nullptr,
     "What was found as it reads without its disguise, or what hidden characters say, at most 256 bytes of it; None "
     "where "
     "it stands in the text itself.",
     nullptr},
    {"message", &get_message, nullptr, "Index of the message, or None.", nullptr},
    {"mention", &get_mention, nullptr, "Whether it is talked about and not said, which counts as level 4.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyObject* to_dict(PyObject* object, PyObject*) noexcept {
    Ref dict(PyDict_New());
    for (const PyGetSetDef* getter = getters; dict && getter->name != nullptr; ++getter) {
        const Ref value(getter->get(object, nullptr));
        if (!value || PyDict_SetItemString(dict.get(), getter->name, value.get()) < 0) {
            return nullptr;
        }
    }
    return dict.release();
}

// Everything that makes up a finding, as a tuple: equality, hash and pickling go by it.
Ref state_of(PyObject* object) noexcept {
    const FindingObject& self = *self_of(object);
    const Ref text = part_of_text(self);
    if (!text) {
        return {};
    }
    return Ref(Py_BuildValue("(OOiinKKKKKKO)", self.meta, text.get(), static_cast<int>(self.view),
                             static_cast<int>(self.mention), self.message, self.begin.byte, self.begin.code_point,
                             self.begin.utf16, self.end.byte, self.end.code_point, self.end.utf16, decoded_of(self)));
}

PyObject* reduce(PyObject* object, PyObject*) noexcept {
    const Ref state = state_of(object);
    return state ? Py_BuildValue("(OO)", finding_type, state.get()) : nullptr;
}

// Whether a tuple has the types of one that `make_metas` makes.
bool is_meta(PyObject* meta) noexcept {
    if (PyTuple_GET_SIZE(meta) != kMetaFields) {
        return false;
    }
    for (int field = 0; field < kMetaFields; ++field) {
        PyObject* item = PyTuple_GET_ITEM(meta, field);
        const bool good = field == kMetaTier    ? PyLong_Check(item) != 0
                          : field == kMetaScore ? PyFloat_Check(item) != 0
                          : field >= kMetaAtlas ? PyTuple_Check(item) != 0
                                                : PyUnicode_Check(item) != 0;
        if (!good) {
            return false;
        }
    }
    return true;
}

PyObject* construct(PyTypeObject*, PyObject* args, PyObject* kwargs) noexcept {
    Ref made = allocate();
    if (!made) {
        return nullptr;
    }
    FindingObject& self = *self_of(made.get());
    int view = 0;
    int mention = 0;
    PyObject* meta = nullptr;
    PyObject* text = nullptr;
    PyObject* decoded = Py_None;  // which states of version 0.1 did not have at first
    if ((kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) ||
        !PyArg_ParseTuple(args, "O!UiinKKKKKK|O:Finding", &PyTuple_Type, &meta, &text, &view, &mention, &self.message,
                          &self.begin.byte, &self.begin.code_point, &self.begin.utf16, &self.end.byte,
                          &self.end.code_point, &self.end.utf16, &decoded)) {
        if (PyErr_Occurred() == nullptr) {
            PyErr_SetString(PyExc_TypeError, "findings are made by Guard.check");
        }
        return nullptr;
    }
    if (!is_meta(meta) || PyUnicode_Check(text) == 0 || view < 0 || static_cast<std::size_t>(view) >= kViews.size() ||
        self.begin.code_point > self.end.code_point || self.begin.byte > self.end.byte ||
        self.begin.utf16 > self.end.utf16 || (decoded != Py_None && PyUnicode_Check(decoded) == 0)) {
        PyErr_SetString(PyExc_ValueError, "not the state of a Finding");
        return nullptr;
    }
    self.meta = Py_NewRef(meta);
    self.text = Py_NewRef(text);
    self.decoded = decoded == Py_None ? nullptr : Py_NewRef(decoded);
    self.whole = false;
    self.view = static_cast<ViewKind>(view);
    self.mention = mention != 0;
    return made.release();
}

PyObject* compare(PyObject* left, PyObject* right, int op) noexcept {
    if (!is_finding(right) || (op != Py_EQ && op != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    const Ref a = state_of(left);
    const Ref b = state_of(right);
    return a && b ? PyObject_RichCompare(a.get(), b.get(), op) : nullptr;
}

Py_hash_t hash(PyObject* object) noexcept {
    const Ref state = state_of(object);
    return state ? PyObject_Hash(state.get()) : -1;
}

// The text itself stays out: logs print reprs, and what was found may be a secret.
PyObject* repr(PyObject* object) noexcept {
    const FindingObject& self = *self_of(object);
    return PyUnicode_FromFormat("Finding(signature=%R, start=%llu, end=%llu, view='%s')",
                                PyTuple_GET_ITEM(self.meta, kMetaId), self.begin.code_point, self.end.code_point,
                                kViews[static_cast<std::size_t>(self.view)].data());
}

PyMethodDef methods[] = {{"to_dict", &to_dict, METH_NOARGS, "All fields as plain values."},
                         {"__reduce__", &reduce, METH_NOARGS, nullptr},
                         {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                       {Py_tp_new, reinterpret_cast<void*>(&construct)},
                       {Py_tp_getset, getters},
                       {Py_tp_methods, methods},
                       {Py_tp_richcompare, reinterpret_cast<void*>(&compare)},
                       {Py_tp_hash, reinterpret_cast<void*>(&hash)},
                       {Py_tp_repr, reinterpret_cast<void*>(&repr)},
                       {Py_tp_doc, const_cast<char*>("One place in the caller's text that a signature matched.")},
                       {0, nullptr}};
PyType_Spec spec = {"fastguard._core.Finding", sizeof(FindingObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE,
                    slots};

PyStructSequence_Field category_fields[] = {
    {"score", "Calibrated probability."}, {"level", "1 (confident) to 5 (unlikely)."}, {nullptr, nullptr}};
PyStructSequence_Desc category_desc = {"fastguard._core.Category", "What one category came to.", category_fields, 2};

Ref make_names(const std::vector<std::string>& names) noexcept {
    Ref tuple(PyTuple_New(static_cast<Py_ssize_t>(names.size())));
    for (std::size_t i = 0; tuple && i < names.size(); ++i) {
        Ref name = make_str(names[i]);
        if (!name) {
            return {};
        }
        PyTuple_SET_ITEM(tuple.get(), static_cast<Py_ssize_t>(i), name.release());
    }
    return tuple;
}

}  // namespace

int add_category_type(PyObject* module) noexcept {
    category_type = PyStructSequence_NewType(&category_desc);
    return category_type == nullptr
               ? -1
               : PyModule_AddObjectRef(module, "Category", reinterpret_cast<PyObject*>(category_type));
}

int add_finding_type(PyObject* module) noexcept {
    finding_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return finding_type == nullptr
               ? -1
               : PyModule_AddObjectRef(module, "Finding", reinterpret_cast<PyObject*>(finding_type));
}

Ref make_category(float score, int level) noexcept {
    Ref category(PyStructSequence_New(category_type));
    // The shortest decimal that means this score: 0.9971, not 0.997099995613.
    Ref value(PyFloat_FromDouble(static_cast<double>(static_cast<int>(score * 10000.0F + 0.5F)) / 10000.0));
    Ref number(PyLong_FromLong(level));
    if (!category || !value || !number) {
        return {};
    }
    PyStructSequence_SetItem(category.get(), 0, value.release());
    PyStructSequence_SetItem(category.get(), 1, number.release());
    return category;
}

Ref make_finding(PyObject* meta, PyObject* text, const Finding& finding, std::string_view decoded) noexcept {
    Ref said(decoded.empty()
                 ? nullptr
                 : PyUnicode_DecodeUTF8(decoded.data(), static_cast<Py_ssize_t>(decoded.size()), "replace"));
    Ref made = decoded.empty() || said ? allocate() : Ref();
    if (made) {
        FindingObject& self = *self_of(made.get());
        self.meta = Py_NewRef(meta);
        self.text = Py_NewRef(text);
        self.whole = true;
        self.view = finding.view;
        self.mention = finding.mention;
        self.message = -1;
        self.decoded = said.release();
        self.begin = finding.begin;
        self.end = finding.end;
    }
    return made;
}

Ref make_finding_of_part(PyObject* meta, PyObject* part, const Finding& finding, std::string_view decoded) noexcept {
    Ref made = make_finding(meta, part, finding, decoded);
    if (made) {
        self_of(made.get())->whole = false;
    }
    return made;
}

bool is_finding(PyObject* object) noexcept { return Py_TYPE(object) == finding_type; }

PyObject* finding_meta(PyObject* finding) noexcept { return self_of(finding)->meta; }

Ref finding_of_message(PyObject* finding, Py_ssize_t message) noexcept {
    Ref made = allocate();
    if (made) {
        const FindingObject& from = *self_of(finding);
        FindingObject& self = *self_of(made.get());
        self.meta = Py_NewRef(from.meta);
        self.text = Py_NewRef(from.text);
        self.decoded = Py_XNewRef(from.decoded);
        self.whole = from.whole;
        self.view = from.view;
        self.mention = from.mention;
        self.message = message;
        self.begin = from.begin;
        self.end = from.end;
    }
    return made;
}

Ref make_metas(const Pack& pack) noexcept {
    const std::vector<Signature>& signatures = pack.signatures();
    Ref metas(PyTuple_New(static_cast<Py_ssize_t>(signatures.size())));
    for (std::size_t i = 0; metas && i < signatures.size(); ++i) {
        const SignatureSpec& spec = signatures[i].spec;
        const std::array<Ref, 8> parts = {make_str(spec.id),
                                          make_str(spec.detector()),
                                          make_str(kCategories[spec.category]),
                                          make_str(spec.summary),
                                          make_str(kSeverities[spec.severity]),
                                          make_names(spec.atlas),
                                          make_names(spec.owasp),
                                          make_names(spec.cwe)};
        for (const Ref& part : parts) {
            if (!part) {
                return {};
            }
        }
        const double score = static_cast<double>(static_cast<int>(signatures[i].confidence * 100.0F + 0.5F)) / 100.0;
        PyObject* meta = Py_BuildValue("(OOOOOidOOO)", parts[0].get(), parts[1].get(), parts[2].get(), parts[3].get(),
                                       parts[4].get(), static_cast<int>(spec.tier), score, parts[5].get(),
                                       parts[6].get(), parts[7].get());
        if (meta == nullptr) {
            return {};
        }
        PyTuple_SET_ITEM(metas.get(), static_cast<Py_ssize_t>(i), meta);
    }
    return metas;
}

}  // namespace fastguard::python
