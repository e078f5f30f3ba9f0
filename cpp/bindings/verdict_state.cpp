// The state of a `Verdict`: what equality, hash and pickling go by.
#include "verdict_object.h"

namespace fastguard::python {
namespace {

Ref state_of(PyObject* object) noexcept {
    const VerdictObject& self = verdict_of(object);
    const Ref findings = verdict_findings(object);
    Ref categories(PyTuple_New(static_cast<Py_ssize_t>(kCategoryCount)));
    if (!findings || !categories) {
        return {};
    }
    for (std::size_t i = 0; i < kCategoryCount; ++i) {
        PyObject* pair = Py_BuildValue("(di)", static_cast<double>(self.categories[i].score),
                                       static_cast<int>(self.categories[i].level));
        if (pair == nullptr) {
            return {};
        }
        PyTuple_SET_ITEM(categories.get(), static_cast<Py_ssize_t>(i), pair);
    }
    const Ref more = self.more_degraded == nullptr ? Ref(PyTuple_New(0)) : Ref::borrow(self.more_degraded);
    return more ? Ref(Py_BuildValue("(iiiiidOOO)", static_cast<int>(self.action), static_cast<int>(self.tier),
                                    static_cast<int>(self.level), static_cast<int>(self.truncated),
                                    static_cast<int>(self.degraded), static_cast<double>(self.score), categories.get(),
                                    findings.get(), more.get()))
                : Ref();
}

bool in_range(long value, long low, long high) noexcept { return value >= low && value <= high; }

bool is_probability(double value) noexcept { return value >= 0.0 && value <= 1.0; }

// Score and level of one category. False, with or without an exception set, where `item` is no such pair.
bool read_category(PyObject* item, CategoryResult& category) noexcept {
    if (!PyTuple_Check(item) || PyTuple_GET_SIZE(item) != 2 || !PyFloat_Check(PyTuple_GET_ITEM(item, 0)) ||
        !PyLong_Check(PyTuple_GET_ITEM(item, 1))) {
        return false;
    }
    const double score = PyFloat_AS_DOUBLE(PyTuple_GET_ITEM(item, 0));
    const long level = PyLong_AsLong(PyTuple_GET_ITEM(item, 1));
    category = {static_cast<float>(score), static_cast<std::uint8_t>(level)};
    return PyErr_Occurred() == nullptr && is_probability(score) && in_range(level, 0, kLevels);
}

// Whether every item of a tuple is as `good` wants it.
template <class F>
bool all_items(PyObject* tuple, F&& good) noexcept {
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(tuple); ++i) {
        if (!good(PyTuple_GET_ITEM(tuple, i))) {
            return false;
        }
    }
    return true;
}

PyObject* refuse() noexcept {
    PyErr_Clear();
    PyErr_SetString(PyExc_ValueError, "not the state of a Verdict");
    return nullptr;
}

}  // namespace

PyObject* verdict_reduce(PyObject* object, PyObject*) noexcept {
    const Ref state = state_of(object);
    return state ? Py_BuildValue("(OO)", Py_TYPE(object), state.get()) : nullptr;
}

PyObject* verdict_construct(PyTypeObject*, PyObject* args, PyObject* kwargs) noexcept {
    int action = 0;
    int tier = 0;
    int level = 0;
    int truncated = 0;
    int degraded = 0;
    double score = 0.0;
    PyObject* categories = nullptr;
    PyObject* findings = nullptr;
    PyObject* more = nullptr;
    if ((kwargs != nullptr && PyDict_GET_SIZE(kwargs) != 0) ||
        !PyArg_ParseTuple(args, "iiiiidO!O!O!:Verdict", &action, &tier, &level, &truncated, &degraded, &score,
                          &PyTuple_Type, &categories, &PyTuple_Type, &findings, &PyTuple_Type, &more)) {
        if (PyErr_Occurred() == nullptr) {
            PyErr_SetString(PyExc_TypeError, "verdicts are made by Guard.check");
        }
        return nullptr;
    }
    const bool good = in_range(action, 0, 3) && in_range(tier, 0, 2) && in_range(level, 1, kLevels) &&
                      in_range(truncated, 0, 0xFF) && in_range(degraded, 0, 0xFF) && is_probability(score) &&
                      PyTuple_GET_SIZE(categories) == static_cast<Py_ssize_t>(kCategoryCount) &&
                      all_items(findings, &is_finding) &&
                      all_items(more, [](PyObject* item) { return PyUnicode_Check(item) != 0; });
    if (!good) {
        return refuse();
    }
    Ref made = allocate_verdict();
    if (!made) {
        return nullptr;
    }
    VerdictObject& self = verdict_of(made.get());
    self.action = static_cast<Action>(action);
    self.tier = static_cast<Depth>(tier);
    self.level = static_cast<std::uint8_t>(level);
    self.truncated = static_cast<std::uint8_t>(truncated);
    self.degraded = static_cast<std::uint8_t>(degraded);
    self.score = static_cast<float>(score);
    for (std::size_t i = 0; i < kCategoryCount; ++i) {
        if (!read_category(PyTuple_GET_ITEM(categories, static_cast<Py_ssize_t>(i)), self.categories[i])) {
            return refuse();
        }
    }
    self.findings = Py_NewRef(findings);
    self.more_degraded = PyTuple_GET_SIZE(more) == 0 ? nullptr : Py_NewRef(more);
    return made.release();
}

PyObject* verdict_compare(PyObject* left, PyObject* right, int op) noexcept {
    if (!is_verdict(right) || (op != Py_EQ && op != Py_NE)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    const Ref a = state_of(left);
    const Ref b = state_of(right);
    return a && b ? PyObject_RichCompare(a.get(), b.get(), op) : nullptr;
}

Py_hash_t verdict_hash(PyObject* object) noexcept {
    const Ref state = state_of(object);
    return state ? PyObject_Hash(state.get()) : -1;
}

}  // namespace fastguard::python
