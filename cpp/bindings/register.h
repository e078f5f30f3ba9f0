// What pybind11 serves: everything that is not called per text.
#pragma once

#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include "fastguard/deep.h"
#include "fastguard/error.h"
#include "fastguard/gate.h"
#include "fastguard/policy.h"

#include <memory>
#include <string>
#include <vector>

namespace fastguard::python {

// Read-only view of a Python bytes object.
[[nodiscard]] inline std::string_view bytes_view(const pybind11::bytes& bytes) { return std::string_view(bytes); }

// Index of `name` in one of the engine's lists; a BuildError that names id and field where it is not in it.
template <std::size_t N>
[[nodiscard]] std::uint8_t index_in(const std::array<std::string_view, N>& list, const std::string& name,
                                    const std::string& id, const char* field) {
    const auto index = index_of(list, name);
    if (!index) {
        throw BuildError("unknown " + std::string(field) + " '" + name + "'", id, field);
    }
    return *index;
}

void register_errors(pybind11::module_& module);
void register_pack(pybind11::module_& module);
void register_policy(pybind11::module_& module);
void register_model(pybind11::module_& module);
void register_tools(pybind11::module_& module);
void register_wordpiece(pybind11::module_& module);
void register_language(pybind11::module_& module);
void register_load(pybind11::module_& module);
void register_timings(pybind11::module_& module);

}  // namespace fastguard::python
