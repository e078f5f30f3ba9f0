// libhs in the words of this project: databases that free themselves, compiled, written and read. For the scanner only.
#pragma once

#include "fastguard/scanner.h"

#include <hs.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace fastguard {

struct FreeDatabase {
    void operator()(hs_database_t* database) const noexcept { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;

// For the scan that says which patterns occur, and for the one that says where one of them ends.
inline constexpr unsigned kMainFlags = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH;
inline constexpr unsigned kEndFlags = HS_FLAG_DOTALL;

// Throws BuildError that names the pattern.
[[nodiscard]] Database compile(std::span<const PatternSpec> patterns, unsigned base);

// A pattern one byte after the beginning: the byte before a match decides about \b. A pattern with `^` inside is
// compiled at the very beginning, since libhs takes no `^` behind a byte; it then matches as if the text began there,
// which is where such a pattern is tried first anyway.
[[nodiscard]] Database compile_anchored(const PatternSpec& pattern);

// Throw DatabaseError.
[[nodiscard]] std::string serialize(const hs_database_t* database);
[[nodiscard]] Database deserialize(std::string_view bytes);

// The scan function to use. libhs chooses AVX-512 by itself where the CPU has it, which was measured 11 to 19 % slower
// than its AVX2 code on the same CPU; the AVX2 entry point of a shared fat library can be called directly.
[[nodiscard]] decltype(&hs_scan) scan_function() noexcept;

}  // namespace fastguard
