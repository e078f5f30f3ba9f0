#include "fastguard/scanner.h"

#include "fastguard/error.h"

#include <hs.h>

#include <algorithm>
#include <atomic>
#include <cstring>
#include <limits>
#include <new>

#if defined(__x86_64__)
#include <dlfcn.h>
#endif

namespace fastguard {
namespace {

constexpr unsigned kMainFlags = HS_FLAG_DOTALL | HS_FLAG_SINGLEMATCH;
constexpr unsigned kSpanFlags = HS_FLAG_DOTALL | HS_FLAG_SOM_LEFTMOST;

// Databases are made for any x86-64 CPU: that costs nothing measurable and they can be cached for all of them.
constexpr hs_platform_info_t kAnyCpu = {HS_TUNE_FAMILY_GENERIC, 0, 0, 0};

struct FreeDatabase {
    void operator()(hs_database_t* database) const noexcept { hs_free_database(database); }
};
using Database = std::unique_ptr<hs_database_t, FreeDatabase>;

struct FreeCompileError {
    void operator()(hs_compile_error_t* error) const noexcept { hs_free_compile_error(error); }
};
using CompileError = std::unique_ptr<hs_compile_error_t, FreeCompileError>;

unsigned flags_of(const PatternSpec& pattern, unsigned base) noexcept {
    return base | (pattern.caseless ? HS_FLAG_CASELESS : 0U);
}

Database compile_one(const PatternSpec& pattern, unsigned base, std::string& message) {
    hs_database_t* database = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    const hs_error_t status = hs_compile(pattern.expression.c_str(), flags_of(pattern, base), HS_MODE_BLOCK, &kAnyCpu,
                                         &database, &raw_error);
    const CompileError error(raw_error);
    if (status != HS_SUCCESS) {
        message = error != nullptr ? error->message : "the pattern does not compile";
        return nullptr;
    }
    return Database(database);
}

Database compile_all(std::span<const PatternSpec> patterns) {
    std::vector<const char*> expressions;
    std::vector<unsigned> flags;
    std::vector<unsigned> ids;
    for (const PatternSpec& pattern : patterns) {
        expressions.push_back(pattern.expression.c_str());
        flags.push_back(flags_of(pattern, kMainFlags));
        ids.push_back(static_cast<unsigned>(ids.size()));
    }
    hs_database_t* database = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    const hs_error_t status =
        hs_compile_multi(expressions.data(), flags.data(), ids.data(), static_cast<unsigned>(ids.size()),
                         HS_MODE_BLOCK, &kAnyCpu, &database, &raw_error);
    const CompileError error(raw_error);
    if (status != HS_SUCCESS) {
        const bool known = error != nullptr && error->expression >= 0;
        const std::string id = known ? patterns[static_cast<std::size_t>(error->expression)].id : "";
        throw BuildError(error != nullptr ? error->message : "the patterns do not compile together", id, "pattern");
    }
    return Database(database);
}

std::string serialize_one(const hs_database_t* database) {
    char* bytes = nullptr;
    std::size_t size = 0;
    if (hs_serialize_database(database, &bytes, &size) != HS_SUCCESS) {
        throw DatabaseError("the compiled patterns cannot be serialized");
    }
    const std::string result(bytes, size);
    std::free(bytes);  // libhs takes it from malloc unless told otherwise, and it is not told otherwise here
    return result;
}

Database deserialize_one(std::string_view bytes) {
    hs_database_t* database = nullptr;
    const hs_error_t status = hs_deserialize_database(bytes.data(), bytes.size(), &database);
    if (status != HS_SUCCESS) {
        throw DatabaseError("libhs refuses the serialized database with error " + std::to_string(status));
    }
    return Database(database);
}

// The scan function to use. libhs chooses AVX-512 by itself where the CPU has it, which was measured 11 to 19 % slower
// than its AVX2 code on the same CPU; the AVX2 entry point of a shared fat library can be called directly.
using ScanFunction = decltype(&hs_scan);
ScanFunction scan_function() noexcept {
    static const ScanFunction chosen = [] {
#if defined(__x86_64__)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f")) {
            if (void* found = dlsym(RTLD_DEFAULT, "avx2_hs_scan")) {
                return reinterpret_cast<ScanFunction>(found);
            }
        }
#endif
        return &hs_scan;
    }();
    return chosen;
}

std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

constexpr std::size_t kRawSpans = 4096;  // ends that one recovery looks at; a pattern may report many ends a start

struct SpanCollector {
    PatternSpan* spans;
    std::size_t count = 0;
    bool full = false;
};

int collect_span(unsigned, unsigned long long from, unsigned long long to, unsigned, void* context) noexcept {
    auto& collector = *static_cast<SpanCollector*>(context);
    const PatternSpan span = {static_cast<std::uint32_t>(from), static_cast<std::uint32_t>(to)};
    if (collector.count > 0 && collector.spans[collector.count - 1].begin == span.begin) {
        collector.spans[collector.count - 1].end = std::max(collector.spans[collector.count - 1].end, span.end);
        return 0;
    }
    if (collector.count == kRawSpans) {
        collector.full = true;
        return 1;
    }
    collector.spans[collector.count++] = span;
    return 0;
}

int collect_hit(unsigned id, unsigned long long, unsigned long long, unsigned, void* context) noexcept {
    auto& scratch = *static_cast<PatternScratch*>(context);
    scratch.hits.data()[scratch.hit_count++] = id;
    return 0;
}

}  // namespace

struct PatternScratch::Impl {
    hs_scratch_t* scratch = nullptr;
    std::vector<std::uint64_t> prepared;  // generations of the scanners it fits
    ~Impl() { hs_free_scratch(scratch); }
};

PatternScratch::PatternScratch() noexcept : impl_(std::make_unique<Impl>()) {}
PatternScratch::~PatternScratch() = default;

struct Scanner::Impl {
    Database main;                 // null where there are no patterns
    std::vector<Database> single;  // one per pattern, for its spans
    std::uint64_t generation = next_generation();
};

bool scanner_usable() noexcept { return hs_valid_platform() == HS_SUCCESS; }

std::string scanner_version() { return hs_version(); }

PatternInfo pattern_info(const std::string& expression, bool caseless) {
    const PatternSpec pattern = {"", expression, caseless};
    PatternInfo info;
    if (!compile_one(pattern, kMainFlags | HS_FLAG_ALLOWEMPTY, info.error)) {
        return info;
    }
    hs_expr_info_t* raw = nullptr;
    hs_compile_error_t* raw_error = nullptr;
    if (hs_expression_info(expression.c_str(), flags_of(pattern, kMainFlags | HS_FLAG_ALLOWEMPTY), &raw, &raw_error) ==
        HS_SUCCESS) {
        info.min_width = raw->min_width;
        info.matches_empty = raw->min_width == 0;
        if (raw->max_width != std::numeric_limits<unsigned>::max()) {
            info.max_width = raw->max_width;
        }
        std::free(raw);
    }
    const CompileError error(raw_error);
    if (!info.matches_empty) {
        (void)compile_one(pattern, kSpanFlags, info.span_error);
    }
    return info;
}

Scanner::Scanner(std::span<const PatternSpec> patterns) : impl_(std::make_unique<Impl>()) {
    for (const PatternSpec& pattern : patterns) {
        std::string message;
        impl_->single.push_back(compile_one(pattern, kSpanFlags, message));
        if (impl_->single.back() == nullptr) {
            throw BuildError(message, pattern.id, "pattern");
        }
    }
    if (!patterns.empty()) {
        impl_->main = compile_all(patterns);
    }
}

// Serialized form: for the main database and then each single one, its size in 8 bytes (little-endian) and its bytes.
Scanner::Scanner(std::span<const PatternSpec> patterns, std::string_view serialized)
    : impl_(std::make_unique<Impl>()) {
    const auto take = [&serialized]() {
        std::uint64_t size = 0;
        if (serialized.size() < sizeof size) {
            throw DatabaseError("the serialized databases end early");
        }
        std::memcpy(&size, serialized.data(), sizeof size);
        serialized.remove_prefix(sizeof size);
        if (serialized.size() < size) {
            throw DatabaseError("the serialized databases end early");
        }
        const std::string_view bytes = serialized.substr(0, size);
        serialized.remove_prefix(size);
        return bytes;
    };
    if (!patterns.empty()) {
        impl_->main = deserialize_one(take());
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        impl_->single.push_back(deserialize_one(take()));
    }
    if (!serialized.empty()) {
        throw DatabaseError("the serialized databases are of another set of patterns");
    }
}

Scanner::~Scanner() = default;

std::string Scanner::serialize() const {
    std::string result;
    const auto put = [&result](const Database& database) {
        const std::string bytes = serialize_one(database.get());
        const std::uint64_t size = bytes.size();
        result.append(reinterpret_cast<const char*>(&size), sizeof size);
        result.append(bytes);
    };
    if (impl_->main != nullptr) {
        put(impl_->main);
    }
    for (const Database& database : impl_->single) {
        put(database);
    }
    return result;
}

std::size_t Scanner::size() const noexcept { return impl_->single.size(); }

void Scanner::prepare(PatternScratch& scratch) const {
    PatternScratch::Impl& mine = scratch.impl();
    scratch.hits.reserve(impl_->single.size() + 1);
    scratch.spans.reserve(kRawSpans);
    if (std::find(mine.prepared.begin(), mine.prepared.end(), impl_->generation) != mine.prepared.end()) {
        return;
    }
    const auto fit = [&mine](const Database& database) {
        if (database != nullptr && hs_alloc_scratch(database.get(), &mine.scratch) != HS_SUCCESS) {
            throw std::bad_alloc();
        }
    };
    fit(impl_->main);
    std::for_each(impl_->single.begin(), impl_->single.end(), fit);
    mine.prepared.push_back(impl_->generation);
    count_allocation();
}

bool Scanner::scan(std::string_view text, PatternScratch& scratch) const noexcept {
    scratch.hit_count = 0;
    if (impl_->main == nullptr || text.empty()) {
        return true;
    }
    return scan_function()(impl_->main.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                           scratch.impl().scratch, &collect_hit, &scratch) == HS_SUCCESS;
}

std::span<const PatternSpan> Scanner::spans(std::uint32_t pattern, std::string_view text, std::size_t limit,
                                            PatternScratch& scratch, bool& truncated) const noexcept {
    SpanCollector collector{scratch.spans.data()};
    const hs_error_t status =
        scan_function()(impl_->single[pattern].get(), text.data(), static_cast<unsigned>(text.size()), 0,
                        scratch.impl().scratch, &collect_span, &collector);
    truncated = truncated || collector.full || (status != HS_SUCCESS && status != HS_SCAN_TERMINATED);
    PatternSpan* spans = collector.spans;
    std::sort(spans, spans + collector.count, [](const PatternSpan& a, const PatternSpan& b) {
        return a.begin != b.begin ? a.begin < b.begin : a.end > b.end;
    });
    std::size_t kept = 0;
    for (std::size_t i = 0; i < collector.count; ++i) {
        if (kept == 0 || spans[i].begin >= spans[kept - 1].end) {
            if (kept == limit) {
                truncated = true;
                break;
            }
            spans[kept++] = spans[i];
        }
    }
    return {spans, kept};
}

}  // namespace fastguard
