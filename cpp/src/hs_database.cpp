#include "hs_database.h"

#include "fastguard/error.h"
#include "pattern_first.h"

#include <cstdlib>
#include <limits>
#include <vector>

#if defined(__x86_64__)
#include <dlfcn.h>
#endif

namespace fastguard {
namespace {

// Databases are made for any x86-64 CPU: that costs nothing measurable and they can be cached for all of them.
constexpr hs_platform_info_t kAnyCpu = {HS_TUNE_FAMILY_GENERIC, 0, 0, 0};

struct FreeCompileError {
    void operator()(hs_compile_error_t* error) const noexcept { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, FreeCompileError>;

}  // namespace

Database compile(std::span<const PatternSpec> patterns, unsigned base) {
    std::vector<const char*> expressions;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const PatternSpec& pattern : patterns) {
        expressions.push_back(pattern.expression.c_str());
        flags.push_back(base | (pattern.caseless ? HS_FLAG_CASELESS : 0U));
        ids.push_back(static_cast<unsigned>(ids.size()));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    const hs_error_t status =
        hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()), HS_MODE_BLOCK,
                         &kAnyCpu, &database, &raw_error);
    const CompileError error(raw_error);
    if (status != HS_SUCCESS) {
        const bool known = error != nullptr && error->expression >= 0;
        const std::string id = known ? patterns[static_cast<std::size_t>(error->expression)].id : "";
        throw BuildError(error != nullptr ? error->message : "the patterns do not compile together", id, "pattern");
    }
    return Database(database);
}

Database compile_anchored(const PatternSpec& pattern) {
    const std::string before = has_start_anchor(pattern.expression) ? "^(?:" : "^.(?:";
    const PatternSpec anchored = {pattern.id, before + pattern.expression + ")", pattern.caseless};
    return compile({&anchored, 1}, kEndFlags);
}

std::string serialize(const hs_database_t* database) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) {
        throw DatabaseError("the compiled patterns cannot be serialized");
    }
    const std::string result(bytes, size);
    std::free(bytes);  // libhs takes it from malloc unless told otherwise, and it is not told otherwise here
    return result;
}

Database deserialize(std::string_view bytes) {
    hs_database_t* database = nullptr;
    const hs_error_t status = hs_deserialize_database(bytes.data(), bytes.size(), &database);
    if (status != HS_SUCCESS) {
        throw DatabaseError("libhs refuses the serialized database with error " + std::to_string(status));
    }
    return Database(database);
}

decltype(&hs_scan) scan_function() noexcept {
    static const auto chosen = []() -> decltype(&hs_scan) {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f")) {
            if (void* found = dlsym(RTLD_DEFAULT, "avx2_hs_scan")) {
                return reinterpret_cast<decltype(&hs_scan)>(found);
            }
        }
#endif
        return &hs_scan;
    }();
    return chosen;
}

bool scanner_usable() noexcept { return hs_valid_platform() == HS_SUCCESS; }

std::string scanner_version() { return hs_version(); }

PatternInfo pattern_info(const std::string& expression, bool caseless) {
    PatternInfo info;
    hs_expr_info_t* raw = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    const unsigned flags = kMainFlags | HS_FLAG_ALLOWEMPTY | (caseless ? HS_FLAG_CASELESS : 0U);
    const hs_error_t status = hs_expression_info(expression.c_str(), flags, &raw, &raw_error);
    const CompileError error(raw_error);
    if (status != HS_SUCCESS) {
        info.error = error != nullptr ? error->message : "the pattern cannot be read";
        return info;
    }
    info.min_width = raw->min_width;
    info.matches_empty = raw->min_width == 0;
    if (raw->max_width != std::numeric_limits<unsigned>::max()) {
        info.max_width = raw->max_width;
    }
    std::free(raw);  // libhs takes it from malloc unless told otherwise, and it is not told otherwise here
    return info;
}

std::string compile_error(const std::string& expression, bool caseless) {
    const PatternSpec pattern = {"", expression, caseless};
    try {
        (void)compile({&pattern, 1}, kMainFlags);
        (void)compile_anchored(pattern);
    } catch (const BuildError& error) {
        return error.what();
    }
    return "";
}

}  // namespace fastguard
