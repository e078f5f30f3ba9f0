// National numbering plans in short: what the telephone numbers of 44 countries look like when dialled inside them.
#pragma once

#include <string_view>

namespace fastguard::entity {

// Whether the digits of `s` are a number of one of the plans, trunk prefix included. Which plan is not told: the words
// around a number, and the way it is written, say whether it is a telephone number at all.
bool in_national_plan(std::string_view s) noexcept;

}  // namespace fastguard::entity
