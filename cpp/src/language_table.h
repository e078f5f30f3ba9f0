// The table of letter groups, made by training/language.py: a row a bucket, a character a language.
#pragma once

#include "fastguard/language.h"

namespace fastguard {

// '@' is the least weight; the backslash is left out, so characters above it stand for one less.
extern const std::array<std::string_view, kLanguageBuckets> kLanguageTable;
extern const double kLanguageScale;  // natural logarithm a step

}  // namespace fastguard
