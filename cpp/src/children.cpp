#include "fastguard/children.h"

#include "decode/words.h"
#include "utf8_decode.h"

#include <algorithm>

namespace fastguard {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

bool is_scalar(char32_t cp) noexcept { return cp < 0xD800 || (cp > 0xDFFF && cp <= 0x10FFFF); }

constexpr std::size_t kLeastHidden = 16;  // changed bytes that may say something
constexpr std::size_t kLeastUnseen = 6;   // letters of words that no other child has: one such word may be what counts

// Bytes of `said` between what it begins with and what it ends with as `source` does; all of them where it does not
// begin with anything of it.
std::size_t changed_bytes(std::string_view said, std::string_view source) noexcept {
    constexpr std::size_t kSame = 12;  // bytes by which the place in the source is found
    if (said.size() < kLeastHidden) {
        return said.size();
    }
    const std::size_t at = source.find(said.substr(0, kSame));
    if (at == std::string_view::npos) {
        return said.size();
    }
    const std::string_view rest = source.substr(at);
    const auto begin = static_cast<std::size_t>(
        std::mismatch(said.begin(), said.end(), rest.begin(), rest.end()).first - said.begin());
    std::size_t end = 0;
    while (end < said.size() - begin && end < source.size() &&
           said[said.size() - 1 - end] == source[source.size() - 1 - end]) {
        ++end;
    }
    return said.size() - begin - end;
}

// Views that turn into something else whatever they are given: of what they make, more is made without end.
bool is_loose(ViewKind kind) noexcept {
    return kind == ViewKind::skeleton || kind == ViewKind::squeezed || kind == ViewKind::visual ||
           kind == ViewKind::unmarked || kind == ViewKind::flipped || kind == ViewKind::reversed ||
           kind == ViewKind::reversed_words;
}

// Codes that are often put over themselves.
bool is_repeated(ViewKind kind) noexcept {
    return kind == ViewKind::base64 || kind == ViewKind::base32 || kind == ViewKind::base16 ||
           kind == ViewKind::percent || kind == ViewKind::entities;
}

// visit(hash, characters, word) for words of two bytes or more: ASCII letters (of any case) and digits, and what is
// beyond ASCII.
template <class Visit>
void each_word(std::string_view text, const Visit& visit) {
    constexpr std::uint64_t kBasis = 0xCBF29CE484222325U;  // FNV-1a
    constexpr std::uint64_t kPrime = 0x100000001B3U;
    std::uint64_t hash = kBasis;
    std::size_t size = 0;
    std::size_t characters = 0;
    std::size_t at = 0;
    const auto end = [&] {
        if (size >= 2) {
            visit(hash ^ hash >> 32U, characters, text.substr(at - size, size));
        }
        hash = kBasis;
        size = characters = 0;
    };
    for (; at < text.size(); ++at) {
        const unsigned byte = static_cast<unsigned char>(text[at]);
        const bool letter = (byte | 0x20U) - 'a' < 26U;
        if (!letter && byte - '0' >= 10U && byte < 0x80) {
            end();
            continue;
        }
        hash = (hash ^ (letter ? byte | 0x20U : byte)) * kPrime;
        ++size;
        characters += (byte & 0xC0U) == 0x80U ? 0U : 1U;
    }
    end();
}

// Words by hash; beyond kMostWords of them it knows none.
class SeenWords {
  public:
    void add(std::string_view text) noexcept {
        each_word(text, [this](std::uint64_t hash, std::size_t, std::string_view) {
            bits_[hash / 64 % bits_.size()] |= std::uint64_t{1} << hash % 64;
            ++count_;
        });
    }
    // Characters of the words that are new: of all, and of those that say something (common words, or what is so long
    // that it may be a code).
    struct Unseen {
        std::size_t all = 0;
        std::size_t telling = 0;
    };
    [[nodiscard]] Unseen unseen(std::string_view text) const noexcept {
        Unseen found;
        each_word(text, [&](std::uint64_t hash, std::size_t characters, std::string_view word) {
            const bool seen = count_ <= kMostWords && (bits_[hash / 64 % bits_.size()] >> hash % 64 & 1U) != 0;
            found.all += seen ? 0 : characters;
            const bool code = word.size() >= kMayBeCode && characters == word.size();
            found.telling += !seen && (code || is_common(word)) ? characters : 0;
        });
        return found;
    }

  private:
    static bool is_common(std::string_view word) noexcept {
        std::array<char, decoding::kLongestCommon> small{};
        if (word.size() > small.size()) {
            return false;
        }
        std::transform(word.begin(), word.end(), small.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
        return decoding::is_common_word({small.data(), word.size()});
    }

    static constexpr std::size_t kMostWords = 2048;
    static constexpr std::size_t kMayBeCode = 24;  // bytes
    std::array<std::uint64_t, 1024> bits_{};
    std::size_t count_ = 0;
};

}  // namespace

void Children::reset(std::size_t size, const ChildLimits& limits) noexcept {
    count_ = 0;
    used_ = 0;
    begin_ = 0;
    passed_used_ = 0;
    passed_begin_ = 0;
    budget_ = std::min(limits.bytes, std::clamp(kDecodedFactor * size, kLeastDecoded, kMostDecoded));
    most_ = std::min(limits.children, kMaxChildren);
    parent_ = kMaxChildren;
    sealed_ = false;
    exhausted_ = false;
    asked_ = {};
    epoch_ += 0x9E3779B97F4A7C15U;
}

void Children::read_child(std::size_t index, bool deepest) noexcept {
    parent_ = index;
    sealed_ = deepest;
    asked_ = {};
}

bool Children::open(ViewKind kind) {
    if (budget_ == 0) {
        exhausted_ = true;
        return false;
    }
    begin_ = used_;
    passed_begin_ = passed_used_;
    doubted_ = false;
    vouched_ = false;
    kind_ = kind;
    return true;
}

bool Children::room(std::size_t more) {
    if (more > budget_) {
        budget_ = 0;
        exhausted_ = true;
        return false;
    }
    if (used_ + more > capacity_) {
        const std::size_t wanted = std::max<std::size_t>(4096, 2 * (used_ + more));
        capacity_ = 0;  // where memory fails, there is none of one of them
        bytes_.grow(wanted, used_);
        origins_.grow(wanted, used_);
        capacity_ = wanted;
    }
    budget_ -= more;
    return true;
}

Origin Children::place(std::size_t begin, std::size_t end) noexcept {
    const Origin here = {static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(end)};
    if (parent_ == kMaxChildren) {
        return here;
    }
    if (!(here == asked_)) {
        asked_ = here;
        answered_ = origin(parent_, begin, end);
    }
    return answered_;
}

bool Children::put_byte(char byte, std::size_t begin, std::size_t end) {
    if (!room(1)) {
        return false;
    }
    bytes_.data()[used_] = byte;
    origins_.data()[used_] = place(begin, end);
    ++used_;
    return true;
}

bool Children::copy(std::string_view text, std::size_t begin, std::size_t end) {
    if (begin >= end) {
        return true;
    }
    const std::size_t count = std::min(end - begin, budget_);
    if (!room(count)) {
        return false;
    }
    std::copy_n(text.data() + begin, count, bytes_.data() + used_);
    Origin* origins = origins_.data() + used_;
    if (parent_ == kMaxChildren) {
        for (std::size_t i = 0; i < count; ++i) {
            const auto at = static_cast<std::uint32_t>(begin + i);
            origins[i] = {at, at + 1};
        }
    } else {
        std::copy_n(origins_.data() + children_[parent_].begin + begin, count, origins);
    }
    used_ += count;
    return begin + count == end || room(1);
}

bool Children::copy(const View& view, std::size_t begin, std::size_t end) {
    if (view.origin == nullptr || begin >= end) {
        return copy(view.bytes, begin, end);
    }
    const std::size_t count = std::min(end - begin, budget_);
    if (!room(count)) {
        return false;
    }
    char* bytes = bytes_.data() + used_;
    Origin* origins = origins_.data() + used_;
    std::copy_n(view.bytes.data() + begin, count, bytes);
    std::uint32_t here = view.origin[begin + count];  // where what stands behind the byte is
    for (std::size_t at = begin + count; here <= view.origin[begin + count - 1] && at < view.bytes.size();) {
        here = view.origin[++at];
    }
    for (std::size_t i = count; i-- > 0;) {  // from the end: bytes of one place end where the next place begins
        const std::uint32_t from = view.origin[begin + i];
        here = i + 1 < count && view.origin[begin + i + 1] > from ? view.origin[begin + i + 1] : here;
        origins[i] = parent_ == kMaxChildren ? Origin{from, here} : place(from, here);
    }
    used_ += count;
    return begin + count == end || room(1);
}

bool Children::put_code_point(char32_t code_point, std::size_t begin, std::size_t end) {
    char utf8[4];
    const std::size_t size = utf8::encode(is_scalar(code_point) ? code_point : kReplacement, utf8);
    if (!room(size)) {
        return false;
    }
    const Origin from = place(begin, end);
    for (std::size_t i = 0; i < size; ++i) {
        bytes_.data()[used_] = utf8[i];
        origins_.data()[used_] = from;
        ++used_;
    }
    return true;
}

bool Children::close(std::string_view source) noexcept {
    const std::string_view said = opened();
    bool fresh = !said.empty() && said != source;
    for (std::size_t i = 0; i < count_ && fresh; ++i) {
        fresh = text(i) != said;
    }
    const bool again = repeats(said.size());
    if (fresh && ((sealed_ && !again) || count_ == most_)) {
        exhausted_ = exhausted_ || (changed_bytes(said, source) >= kLeastHidden && is_missed(said));
        fresh = false;
    }
    if (!fresh) {
        drop();
        return false;
    }
    const std::uint8_t depth = parent_ == kMaxChildren ? std::uint8_t{1}
                               : again                 ? children_[parent_].depth
                                                       : static_cast<std::uint8_t>(children_[parent_].depth + 1);
    // Literals and escapes are no surer than the guess that they stand in.
    const bool guessed = parent_ != kMaxChildren && children_[parent_].doubted &&
                         (kind_ == ViewKind::joined || kind_ == ViewKind::escapes);
    children_[count_++] = {kind_,
                           depth,
                           static_cast<std::uint8_t>(parent_),
                           static_cast<std::uint32_t>(begin_),
                           static_cast<std::uint32_t>(said.size()),
                           static_cast<std::uint32_t>(passed_begin_),
                           static_cast<std::uint32_t>(passed_used_ - passed_begin_),
                           doubted_ || guessed,
                           vouched_};
    begin_ = used_;
    return true;
}

// Whether the open child undoes once more the code that its parent was made by, and is shorter by a quarter.
bool Children::repeats(std::size_t size) const noexcept {
    return parent_ != kMaxChildren && children_[parent_].kind == kind_ && is_repeated(kind_) &&
           4 * size <= 3 * std::size_t{children_[parent_].size} + 8;
}

// Phrases are looked for in the skeleton of every text that is read, so no skeleton is missed. What is made of what a
// loose view made is noise unless it has common words, or a code, that nothing else has.
bool Children::is_missed(std::string_view said) const noexcept {
    if (kind_ == ViewKind::skeleton) {
        return false;
    }
    bool noise = false;
    for (std::size_t i = parent_; i != kMaxChildren; i = children_[i].parent) {
        noise = noise || is_loose(children_[i].kind);
    }
    SeenWords seen;
    if (noise && seen.unseen(said).telling < kLeastUnseen) {
        return false;  // whatever the others say
    }
    for (std::size_t i = 0; i < count_; ++i) {
        seen.add(text(i));
    }
    const SeenWords::Unseen unseen = seen.unseen(said);
    return (noise ? unseen.telling : unseen.all) >= kLeastUnseen;
}

bool Children::has_made(ViewKind kind) const noexcept {
    return std::any_of(children_.begin(), children_.begin() + static_cast<std::ptrdiff_t>(count_),
                       [&](const Child& child) { return child.parent == parent_ && child.kind == kind; });
}

void Children::drop() noexcept {
    used_ = begin_;
    passed_used_ = passed_begin_;
}

void Children::pass(std::size_t begin, std::size_t end) noexcept {
    if (passed_used_ < kMostPassed) {
        passed_[passed_used_++] = place(begin, end);
    }
}

std::string_view Children::text(std::size_t index) const noexcept {
    return {bytes_.data() + children_[index].begin, children_[index].size};
}

Origin Children::origin(std::size_t index, std::size_t begin, std::size_t end) const noexcept {
    const Origin* first = origins_.data() + children_[index].begin;
    Origin all = first[begin];
    for (std::size_t i = begin + 1; i < end; ++i) {
        all.begin = std::min(all.begin, first[i].begin);
        all.end = std::max(all.end, first[i].end);
    }
    return all;
}

}  // namespace fastguard
