#include "fastguard/scanner.h"

#include "fastguard/error.h"
#include "hs_database.h"
#include "pattern_first.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstring>
#include <new>
#include <optional>

namespace fastguard {
namespace {

void fit_scratch(const hs_database_t* database, hs_scratch_t*& scratch) {
    if (database != nullptr && hs_alloc_scratch(database, &scratch) != HS_SUCCESS) {
        throw std::bad_alloc();
    }
}

std::uint64_t next_generation() noexcept {
    static std::atomic<std::uint64_t> last = 0;
    return ++last;
}

constexpr std::uint32_t kMaxReach = 8192;   // longest match of a pattern of limited width that is recovered whole
constexpr std::uint32_t kLeastLook = 256;   // bytes that are always looked at for a greater end of a match
constexpr std::uint32_t kOpenReach = 2048;  // the same for a pattern of unlimited width

// What finding the places of matches may cost, in bytes scanned, for one text: text made to cost much gets to the end
// of it, and the verdict says so.
constexpr std::size_t kWorkBytes = std::size_t{1} << 16U;
constexpr std::size_t kWorkFactor = 8;
constexpr std::size_t kCallBytes = 64;  // what a call of libhs costs beside the bytes
constexpr std::size_t kTryFactor = 4;   // a byte of a try that fails counts as this many

// Ends of matches that are taken of one text: a byte of it may well end matches of several patterns.
constexpr std::size_t kEndEvents = std::size_t{1} << 14U;
constexpr std::size_t kEndFactor = 2;

int collect_end(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) noexcept {
    return static_cast<PatternEnds*>(context)->add(id, static_cast<std::uint32_t>(to)) ? 0 : 1;
}

// Ends of the matches that begin at one place: the greatest, and whether one is `wanted`.
struct ForwardCollector {
    std::uint64_t shift;  // what an end is more than libhs says, modulo 2^64
    std::uint64_t wanted;
    std::uint64_t greatest = 0;
    bool reached = false;
};

int collect_forward(unsigned, unsigned long long, unsigned long long to, unsigned, void* context) noexcept {
    auto& collector = *static_cast<ForwardCollector*>(context);
    const std::uint64_t end = to + collector.shift;
    collector.greatest = std::max(collector.greatest, end);
    collector.reached = collector.reached || end == collector.wanted;
    return 0;
}

int collect_hit(unsigned id, unsigned long long, unsigned long long to, unsigned, void* context) noexcept {
    auto& scratch = *static_cast<PatternScratch*>(context);
    scratch.hits.data()[scratch.hit_count++] = id;
    scratch.first_ends.data()[id] = static_cast<std::uint32_t>(to);
    return 0;
}

}  // namespace

struct PatternScratch::Impl {
    hs_scratch_t* scratch = nullptr;
    // Generations of the scanners that it was last made to fit (0: none). It still fits older ones; to find that out
    // again costs a look at each of their databases.
    std::array<std::uint64_t, 16> prepared{};
    std::size_t next = 0;
    ~Impl() { hs_free_scratch(scratch); }
};

PatternScratch::PatternScratch() noexcept = default;
PatternScratch::~PatternScratch() = default;

PatternScratch::Impl& PatternScratch::make_impl() {
    if (impl_ == nullptr) {
        impl_ = std::make_unique<Impl>();
    }
    return *impl_;
}

struct Scanner::Impl {
    // One pattern alone, to recover where its matches are.
    struct Single {
        Database anchored;  // matches that begin at the second byte; at the first where it has a `^` itself
        MatchBytes bytes;   // that a match can begin with and hold
        std::uint32_t min_width = 0;
        std::uint32_t reach = kMaxReach;
        bool sees_before = true;  // whether `anchored` takes a byte before the match

        explicit Single(Database from_begin) : anchored(std::move(from_begin)) {}

        [[nodiscard]] bool may_hold(char c) const noexcept { return bytes.inside[static_cast<unsigned char>(c)]; }
        // The first place from `begin` on where a match that ends at `end` may begin; one too close to it where none
        // is.
        [[nodiscard]] std::uint32_t next_begin(std::string_view text, std::uint32_t begin,
                                               std::uint32_t end) const noexcept {
            while (begin + min_width <= end && !bytes.first.allows(text, begin)) {
                ++begin;
            }
            return begin;
        }
    };

    Database main;  // which patterns occur; null where there are none
    Database ends;  // all ends of matches
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
        use(ends);
        for (const Single& one : single) {
            use(one.anchored);
        }
    }

    // How wide matches are, from libhs: it takes 3 MB of memory to find that out, which a load need not.
    void measure(std::span<const PatternSpec> patterns);
    // The same, from and to the end of what was serialized: `min_width` and `reach` of each pattern, 4 bytes each.
    void read_widths(std::string_view serialized);
    void write_widths(std::string& serialized) const;
    // What else follows from the expressions alone, and the scratch for the databases.
    void finish(std::span<const PatternSpec> patterns);
    // Ends of the matches that begin at `begin`, looking `reach` bytes far.
    static ForwardCollector ends_from(const Single& one, std::string_view text, std::uint32_t begin, std::uint32_t end,
                                      std::uint32_t reach, PatternScratch& scratch) noexcept;
    // The greatest end of a match that begins at `begin` and can also end at `end`; 0 where there is none. An end
    // counts where another one, or kLeastLook bytes, came to half as far. Nothing where the work would be too much.
    [[nodiscard]] std::optional<std::uint32_t> longest_from(std::uint32_t pattern, std::string_view text,
                                                            std::uint32_t begin, std::uint32_t end,
                                                            PatternScratch& scratch) const noexcept;
};

void Scanner::Impl::measure(std::span<const PatternSpec> patterns) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        const PatternInfo info = pattern_info(patterns[i].expression, patterns[i].caseless);
        single[i].min_width = info.min_width;
        single[i].reach = std::min(kMaxReach, info.max_width.value_or(kOpenReach));
    }
}

void Scanner::Impl::read_widths(std::string_view serialized) {
    constexpr std::size_t kWidth = sizeof(std::uint32_t);
    if (serialized.size() != single.size() * 2 * kWidth) {
        throw DatabaseError("the serialized databases are of another set of patterns");
    }
    for (Single& one : single) {
        std::memcpy(&one.min_width, serialized.data(), kWidth);
        std::memcpy(&one.reach, serialized.data() + kWidth, kWidth);
        serialized.remove_prefix(2 * kWidth);
        if (one.reach > kMaxReach) {
            throw DatabaseError("the serialized databases know of a match that is too long");
        }
    }
}

void Scanner::Impl::write_widths(std::string& serialized) const {
    for (const Single& one : single) {
        serialized.append(reinterpret_cast<const char*>(&one.min_width), sizeof one.min_width);
        serialized.append(reinterpret_cast<const char*>(&one.reach), sizeof one.reach);
    }
}

void Scanner::Impl::finish(std::span<const PatternSpec> patterns) {
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        single[i].bytes = match_bytes(patterns[i].expression, patterns[i].caseless);
        single[i].sees_before = !has_start_anchor(patterns[i].expression);
    }
    each_database([this](const Database& database) { fit_scratch(database.get(), prototype); });
}

Scanner::Scanner(std::span<const PatternSpec> patterns) : impl_(std::make_unique<Impl>()) {
    for (const PatternSpec& pattern : patterns) {
        impl_->single.emplace_back(compile_anchored(pattern));
    }
    if (!patterns.empty()) {
        impl_->main = compile(patterns, kMainFlags);
        impl_->ends = compile(patterns, kEndFlags);
    }
    impl_->measure(patterns);
    impl_->finish(patterns);
}

// Serialized form: for each database in the order of `each_database`, its size in 8 bytes (little-endian) and its
// bytes; then the widths.
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
        return deserialize(bytes);
    };
    if (!patterns.empty()) {
        impl_->main = take();
        impl_->ends = take();
    }
    for (std::size_t i = 0; i < patterns.size(); ++i) {
        impl_->single.emplace_back(take());
    }
    impl_->read_widths(serialized);
    impl_->finish(patterns);
}

Scanner::~Scanner() = default;

std::string Scanner::serialize() const {
    std::string result;
    impl_->each_database([&result](const Database& database) {
        if (database == nullptr) {
            return;
        }
        const std::string bytes = fastguard::serialize(database.get());
        const std::uint64_t size = bytes.size();
        result.append(reinterpret_cast<const char*>(&size), sizeof size);
        result.append(bytes);
    });
    impl_->write_widths(result);
    return result;
}

std::size_t Scanner::size() const noexcept { return impl_->single.size(); }

void Scanner::prepare(PatternScratch& scratch) const {
    PatternScratch::Impl& mine = scratch.make_impl();
    if (std::find(mine.prepared.begin(), mine.prepared.end(), impl_->generation) != mine.prepared.end()) {
        return;
    }
    scratch.hits.reserve(impl_->single.size() + 1);
    scratch.first_ends.reserve(impl_->single.size() + 1);
    scratch.ends.reserve(impl_->single.size());
    scratch.spans.reserve(kMaxSpans);
    scratch.front.reserve(std::size_t{kMaxReach} + 2);
    if (mine.scratch == nullptr && impl_->prototype != nullptr) {
        if (hs_clone_scratch(impl_->prototype, &mine.scratch) != HS_SUCCESS) {
            throw std::bad_alloc();
        }
    } else {
        impl_->each_database([&mine](const Database& database) { fit_scratch(database.get(), mine.scratch); });
    }
    mine.prepared[mine.next++ % mine.prepared.size()] = impl_->generation;
    count_allocation();
}

bool Scanner::scan(std::string_view text, PatternScratch& scratch) const noexcept {
    scratch.hit_count = 0;
    scratch.ends_known = false;
    scratch.work = kWorkBytes + kWorkFactor * text.size();
    if (impl_->main == nullptr || text.empty()) {
        return true;
    }
    return scan_function()(impl_->main.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                           scratch.impl().scratch, &collect_hit, &scratch) == HS_SUCCESS;
}

void Scanner::find_ends(std::string_view text, PatternScratch& scratch) const noexcept {
    scratch.ends.clear(impl_->single.size(), kEndEvents + kEndFactor * text.size());
    scratch.ends_cut = scan_function()(impl_->ends.get(), text.data(), static_cast<unsigned>(text.size()), 0,
                                       scratch.impl().scratch, &collect_end, &scratch.ends) != HS_SUCCESS;
    scratch.ends.close();
    scratch.ends_known = true;
}

ForwardCollector Scanner::Impl::ends_from(const Single& one, std::string_view text, std::uint32_t begin,
                                          std::uint32_t end, std::uint32_t reach, PatternScratch& scratch) noexcept {
    // One byte before the match, and one more behind it than it can have: both decide about \b, too.
    std::string_view part = text.substr(begin, std::size_t{reach} + 1);
    std::uint64_t shift = begin;
    if (one.sees_before && begin > 0) {
        part = text.substr(begin - 1, std::size_t{reach} + 2);
        shift = begin - 1;
    } else if (one.sees_before) {
        // Nothing stands before the text, which for \b is as good as a space.
        char* copy = scratch.front.data();
        copy[0] = ' ';
        std::memcpy(copy + 1, part.data(), part.size());
        part = {copy, part.size() + 1};
        shift = ~std::uint64_t{0};
    }
    ForwardCollector collector{shift, end};
    (void)scan_function()(one.anchored.get(), part.data(), static_cast<unsigned>(part.size()), 0,
                          scratch.impl().scratch, &collect_forward, &collector);
    return collector;
}

std::optional<std::uint32_t> Scanner::Impl::longest_from(std::uint32_t pattern, std::string_view text,
                                                         std::uint32_t begin, std::uint32_t end,
                                                         PatternScratch& scratch) const noexcept {
    const Single& one = single[pattern];
    // A match goes on as long as ends of it follow each other closely enough: so its length is what it costs.
    std::uint32_t longest = 0;
    std::uint32_t looked_at = 0;
    std::size_t inside = end;  // all bytes from the end to here may stand in a match
    for (std::uint32_t reach = std::max(kLeastLook, 2 * (end - begin)); looked_at < one.reach; reach *= 2) {
        const std::size_t most = std::min<std::size_t>(text.size(), begin + std::min(reach, one.reach));
        while (inside < most && one.may_hold(text[inside])) {
            ++inside;
        }
        const std::uint32_t last = scratch.ends.last(pattern, static_cast<std::uint32_t>(std::min(inside, most)));
        if (last > longest) {
            if (!scratch.spend(kCallBytes + (last - begin))) {
                return std::nullopt;
            }
            const ForwardCollector all = ends_from(one, text, begin, end, last - begin, scratch);
            if (!all.reached) {
                (void)scratch.spend((kTryFactor - 1) * (last - begin));
                return 0;
            }
            longest = static_cast<std::uint32_t>(std::clamp<std::uint64_t>(all.greatest, end, last));
        }
        looked_at = reach;
        if (longest - begin <= reach / 2) {
            break;
        }
    }
    return longest;
}

std::span<const PatternSpan> Scanner::spans(std::uint32_t pattern, std::string_view text, std::size_t limit,
                                            PatternScratch& scratch, bool& truncated) const noexcept {
    const Impl::Single& one = impl_->single[pattern];
    PatternSpan* spans = scratch.spans.data();
    std::size_t kept = 0;
    // That the pattern occurs is not lost, only where it begins.
    const auto give_up = [&](std::uint32_t end) -> std::span<const PatternSpan> {
        truncated = true;
        if (kept == 0) {
            spans[kept++] = {end - std::min(end, std::max(1U, one.min_width)), end};
        }
        return {spans, kept};
    };
    if (!scratch.ends_known) {
        find_ends(text, scratch);
    }
    truncated = truncated || scratch.ends_cut;
    std::uint32_t end = scratch.ends.next(pattern, one.min_width);
    if (end == 0 && scratch.ends_cut) {
        return give_up(scratch.first_ends.data()[pattern]);
    }
    std::uint32_t free = 0;     // where the next match may begin
    std::uint32_t nothing = 0;  // no match begins before, whatever its end: so that no byte is looked at for each end
    std::uint32_t looked_at = 0;
    while (end != 0) {
        std::uint32_t begin = std::max({free, end > one.reach ? end - one.reach : 0, nothing});
        for (looked_at = std::max(looked_at, begin); looked_at < end; ++looked_at) {
            if (!one.may_hold(text[looked_at])) {
                begin = looked_at + 1;
            }
        }
        begin = one.next_begin(text, begin, end);
        nothing = begin;  // ends rise, and so does where their matches may begin
        for (; begin + one.min_width <= end; begin = one.next_begin(text, begin + 1, end)) {
            const std::optional<std::uint32_t> longest = impl_->longest_from(pattern, text, begin, end, scratch);
            if (!longest) {
                return give_up(end);
            }
            if (*longest != 0) {
                if (kept == limit) {
                    truncated = true;
                    return {spans, kept};
                }
                spans[kept++] = {begin, *longest};
                free = *longest;
                break;
            }
        }
        end = scratch.ends.next(pattern, std::max(end + 1, free + one.min_width));
    }
    return {spans, kept};
}

}  // namespace fastguard
