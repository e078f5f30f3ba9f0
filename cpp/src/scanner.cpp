#include "fastguard/scanner.h"

#include "fastguard/error.h"
#include "pattern_first.h"

#include <hs.h>

#include <algorithm>
#include <array>
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
constexpr unsigned kEndFlags = HS_FLAG_DOTALL;

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

// A pattern at the very beginning of the bytes (0), and one byte after it (1): the byte before a match decides about
// \b. A pattern with `^` inside has only the first form, since libhs takes no `^` behind a byte; it then matches as if
// the text began there, which is where such a pattern is tried first anyway.
Database compile_anchored(const PatternSpec& pattern) {
    const std::array<PatternSpec, 2> both = {{{pattern.id, "^(?:" + pattern.expression + ")", pattern.caseless},
                                              {pattern.id, "^.(?:" + pattern.expression + ")", pattern.caseless}}};
    return compile({both.data(), has_start_anchor(pattern.expression) ? 1U : 2U}, kEndFlags);
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

void fit_scratch(const hs_database_t* database, hs_scratch_t*& scratch) {
    if (database != nullptr && hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
        throw std::bad_alloc();
    }
}

std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

constexpr std::size_t kMaxEnds = 4096;      // ends that one recovery looks at; a match may have many
constexpr std::uint32_t kMaxReach = 8192;   // longest match of a pattern of limited width that is recovered whole
constexpr std::uint32_t kOpenReach = 2048;  // the same for a pattern of unlimited width

constexpr std::size_t kTryBytes = std::size_t{1} << 22U;
constexpr std::size_t kTryFactor = 16;

struct EndCollector {
    std::uint32_t* ends;
    std::size_t count = 0;
    bool full = false;
};

int collect_end(unsigned, unsigned long long, unsigned long long to, unsigned, void* context) noexcept {
    auto& collector = *static_cast<EndCollector*>(context);
    if (collector.count == kMaxEnds) {
        collector.full = true;
        return 1;
    }
    collector.ends[collector.count++] = static_cast<std::uint32_t>(to);
    return 0;
}

// Ends of the matches that begin at one place: the greatest, and whether one is `wanted`.
struct ForwardCollector {
    unsigned id;
    std::uint64_t shift;
    std::uint64_t wanted;
    std::uint64_t greatest = 0;
    bool reached = false;
};

int collect_forward(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) noexcept {
    auto& collector = *static_cast<ForwardCollector*>(context);
    if (id == collector.id) {
        const std::uint64_t end = to + collector.shift;
        collector.greatest = std::max(collector.greatest, end);
        collector.reached = collector.reached || end == collector.wanted;
    }
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
    // One pattern alone, to recover where its matches are.
    struct Single {
        Database ends;      // all ends of matches
        Database anchored;  // matches that begin at the first byte (0) or the second (1)
        ByteSet first;      // bytes that a match can begin with
        std::uint32_t min_width = 0;
        std::uint32_t reach = kMaxReach;
        bool sees_before = true;  // whether `anchored` has its second form

        Single(Database all_ends, Database from_begin) : ends(std::move(all_ends)), anchored(std::move(from_begin)) {}
    };

    Database main;  // null where there are no patterns
    std::vector<Single> single;
    hs_scratch_t* prototype = nullptr;  // fits all of the above
    std::uint64_t generation = next_generation();

    Impl() = default;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;
    ~Impl() { hs_free_scratch(prototype); }

    template <class F>
    void each_database(F&& use) const {
        use(main);
        for (const Single& one : single) {
            use(one.ends);
            use(one.anchored);
        }
    }

    // What follows from the expressions alone, and the scratch for the databases.
    void finish(std::span<const PatternSpec> patterns);
    // The greatest end of a match that begins at `begin` and can also end at `end`; 0 where there is none.
    static std::uint32_t longest_from(const Single& one, std::string_view text, std::uint32_t begin, std::uint32_t end,
                                      hs_scratch_t* scratch) noexcept;
};

void Scanner::Impl::finish(std::span<const PatternSpec> patterns) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        const PatternInfo info = pattern_info(patterns[i].expression, patterns[i].caseless);
        single[i].first = first_bytes(patterns[i].expression, patterns[i].caseless);
        single[i].min_width = info.min_width;
        single[i].sees_before = !has_start_anchor(patterns[i].expression);
        single[i].reach = std::min(kMaxReach, info.max_width.value_or(kOpenReach));
    }
    each_database([this](const Database& database) { fit_scratch(database.get(), prototype); });
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

Scanner::Scanner(std::span<const PatternSpec> patterns) : impl_(std::make_unique<Impl>()) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        impl_->single.emplace_back(compile(patterns.subspan(i, 1), kEndFlags), compile_anchored(patterns[i]));
    }
    if (!patterns.empty()) {
        impl_->main = compile(patterns, kMainFlags);
    }
    impl_->finish(patterns);
}

// Serialized form: for each database in the order of `each_database`, its size in 8 bytes (little-endian) and its
// bytes.
Scanner::Scanner(std::span<const PatternSpec> patterns, std::string_view serialized) : impl_(std::make_unique<Impl>()) {
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
        return deserialize_one(bytes);
    };
    if (!patterns.empty()) {
        impl_->main = take();
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        Database ends = take();
        impl_->single.emplace_back(std::move(ends), take());
    }
    if (!serialized.empty()) {
        throw DatabaseError("the serialized databases are of another set of patterns");
    }
    impl_->finish(patterns);
}

Scanner::~Scanner() = default;

std::string Scanner::serialize() const {
    std::string result;
    impl_->each_database([&result](const Database& database) {
        if (database == nullptr) {
            return;
        }
        const std::string bytes = serialize_one(database.get());
        const std::uint64_t size = bytes.size();
        result.append(reinterpret_cast<const char*>(&size), sizeof size);
        result.append(bytes);
    });
    return result;
}

std::size_t Scanner::size() const noexcept { return impl_->single.size(); }

void Scanner::prepare(PatternScratch& scratch) const {
    PatternScratch::Impl& mine = scratch.impl();
    if (std::find(mine.prepared.begin(), mine.prepared.end(), impl_->generation) != mine.prepared.end()) {
        return;
    }
    scratch.hits.reserve(impl_->single.size() + 1);
    scratch.ends.reserve(kMaxEnds);
    scratch.spans.reserve(kMaxEnds);
    if (mine.scratch == nullptr && impl_->prototype != nullptr) {
        if (hs_clone_scratch(impl_->prototype, &mine.scratch) != HS_SUCCESS) {
            throw std::bad_alloc();
        }
    } else {
        impl_->each_database([&mine](const Database& database) { fit_scratch(database.get(), mine.scratch); });
    }
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

std::uint32_t Scanner::Impl::longest_from(const Single& one, std::string_view text, std::uint32_t begin,
                                          std::uint32_t end, hs_scratch_t* scratch) noexcept {
    const std::uint32_t shift = one.sees_before && begin > 0 ? begin - 1 : begin;
    // One byte more than the match can have: what follows it decides about \b, too.
    const std::string_view rest = text.substr(shift, std::size_t{begin - shift} + one.reach + 1);
    ForwardCollector collector{shift == begin ? 0U : 1U, shift, end};
    (void)scan_function()(one.anchored.get(), rest.data(), static_cast<unsigned>(rest.size()), 0, scratch,
                          &collect_forward, &collector);
    return collector.reached ? static_cast<std::uint32_t>(collector.greatest) : 0;
}

std::span<const PatternSpan> Scanner::spans(std::uint32_t pattern, std::string_view text, std::size_t limit,
                                            PatternScratch& scratch, bool& truncated) const noexcept {
    const Impl::Single& one = impl_->single[pattern];
    hs_scratch_t* const memory = scratch.impl().scratch;
    EndCollector ends{scratch.ends.data()};
    const hs_error_t status = scan_function()(one.ends.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                                              memory, &collect_end, &ends);
    truncated = truncated || ends.full || (status != HS_SUCCESS && status != HS_SCAN_TERMINATED);
    std::sort(ends.ends, ends.ends + ends.count);
    PatternSpan* spans = scratch.spans.data();
    std::size_t kept = 0;
    std::uint32_t free = 0;  // where the next match may begin
    // Trying places costs what is scanned for it; text made to cost much gets an end of it, and says that it did.
    std::size_t work = kTryBytes + kTryFactor * text.size();
    for (std::size_t i = 0; i < ends.count; ++i) {
        const std::uint32_t end = ends.ends[i];
        if (end < free + one.min_width) {
            continue;
        }
        std::uint32_t begin = std::max(free, end > one.reach ? end - one.reach : 0);
        for (; begin + one.min_width <= end; ++begin) {
            if (!one.first[static_cast<unsigned char>(text[begin])]) {
                continue;
            }
            const std::size_t cost = std::min<std::size_t>(one.reach, text.size() - begin) + 64;
            if (cost > work) {
                truncated = true;
                if (kept == 0) {  // that it occurs is not lost, only where it begins
                    spans[kept++] = {end - std::max(1U, one.min_width), end};
                }
                return {spans, kept};
            }
            work -= cost;
            const std::uint32_t longest = Impl::longest_from(one, text, begin, end, memory);
            if (longest != 0) {
                if (kept == limit) {
                    truncated = true;
                    return {spans, kept};
                }
                spans[kept++] = {begin, longest};
                free = longest;
                break;
            }
        }
    }
    return {spans, kept};
}

}  // namespace fastguard
