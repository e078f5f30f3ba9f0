// What a Verdict is made of, for the files that make up the type.
#pragma once

#include "python.h"

#include <array>

namespace fastguard::python {

struct VerdictObject {
    PyObject_HEAD Action action;
    Depth tier;
    std::uint8_t level;
    std::uint8_t truncated;
    std::uint8_t degraded;
    float score;
    std::array<CategoryResult, kCategoryCount> categories;
    // Findings: either records over `metas` and `text` of which the tuple is made on demand, or the tuple alone.
    Finding* records;
    std::size_t record_count;
    char* decoded;  // CheckResult::decoded of the records; null: empty
    std::size_t decoded_size;
    PyObject* metas;
    PyObject* text;
    PyObject* findings;       // tuple, or null: not made yet
    PyObject* more_degraded;  // tuple of str, or null
};

[[nodiscard]] inline VerdictObject& verdict_of(PyObject* object) noexcept {
    return *reinterpret_cast<VerdictObject*>(object);
}

// A new verdict, all zero.
[[nodiscard]] Ref allocate_verdict() noexcept;

// Equality, hash and pickling go by the state: everything that makes up a verdict, as a tuple.
PyObject* verdict_reduce(PyObject* object, PyObject*) noexcept;
PyObject* verdict_construct(PyTypeObject* type, PyObject* args, PyObject* kwargs) noexcept;
PyObject* verdict_compare(PyObject* left, PyObject* right, int op) noexcept;
Py_hash_t verdict_hash(PyObject* object) noexcept;

}  // namespace fastguard::python
