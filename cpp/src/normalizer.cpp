#include "fastguard/normalizer.h"

#include <algorithm>
#include <cstring>

#include "normalizer_ascii.h"
#include "unicode_tables.h"
#include "utf8_decode.h"

namespace fastguard {

using namespace unicode;

namespace {

constexpr std::uint32_t kAllScripts = (1U << static_cast<unsigned>(Script::none)) - 1;
constexpr std::size_t kNoMark = ~std::size_t{0};
constexpr std::size_t kSlack = ascii::kBlock + 3;  // a block that begins before the last kSlack bytes ends in the text
constexpr char kReplacement[] = "\xEF\xBF\xBD";

std::uint64_t entry_of(char32_t cp) noexcept {
    if (cp < kLimit) return fold_entry(cp);
    if (cp - 0xE0000 >= 0x1000) return kIdentity | 4ULL << kLength;
    const auto kind = cp < 0xE0080                    ? Removal::tag
                      : cp >= 0xE0100 && cp < 0xE01F0 ? Removal::variation
                                                      : Removal::ignorable;
    return kSlow | kChanged | static_cast<std::uint64_t>(kind) << kRemoval;
}

// Canonical combining class of a code point of folded text.
unsigned mark_class(std::uint64_t entry) noexcept {
    return (entry & kIdentity) != 0 ? static_cast<unsigned>(entry) & 0xFF : 0;
}

// Canonical composition of two code points of folded text, 0 where there is none.
char32_t compose(char32_t first, char32_t second) noexcept {
    if (first - 0x1100 < 19 && second - 0x1161 < 21) return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28;
    if (first - 0xAC00 < 11172 && (first - 0xAC00) % 28 == 0 && second - 0x11A8 < 27) return first + second - 0x11A7;
    const std::uint64_t key = std::uint64_t{first} << 42 | std::uint64_t{second} << 21;
    const std::uint64_t* const end = kPairs + kPairCount;
    const std::uint64_t* const found = std::lower_bound(kPairs, end, key);
    return found != end && (*found ^ key) < 1U << 21 ? static_cast<char32_t>(*found & 0x1FFFFF) : 0;
}

// The state of one folding call; what the hot loop needs often is in its locals.
class Folder {
  public:
    Folder(char* dst, std::uint32_t* origin, std::size_t room, const FoldCursor& cursor) noexcept
        : dst_(dst),
          origin_(origin),
          limit_(room - kFoldReserve),
          size_(cursor.written),
          marks_(cursor.marks),
          marks_end_(cursor.marks == 0 ? kNoMark : cursor.written),
          previous_(cursor.last) {}

    // Folds the source from `at` on, ASCII in blocks; returns where it stopped: at `end` or a little after, or where
    // the room ends. kSlack bytes from `end` on must be readable.
    std::size_t blocks(const char* text, std::size_t at, std::size_t end) noexcept;

    // Folds one character or more, one at a time, until only ASCII is in sight (kBlocks) or as blocks() does.
    // base + k is the offset of text[k] in the source; four bytes from `end` on must be readable.
    template <bool kBlocks>
    std::size_t characters(const char* text, std::size_t at, std::size_t end, std::size_t base) noexcept;

    bool has_room() const noexcept { return size_ <= limit_; }

    void finish(FoldCursor& cursor, FoldStats& stats) const noexcept {
        cursor.written = size_;
        cursor.marks = marks_end_ == size_ ? marks_ : 0;
        cursor.last = previous_;
        const auto removed = [this](Removal kind) { return removed_[static_cast<std::size_t>(kind)]; };
        stats.invalid += invalid_;
        stats.tags += removed(Removal::tag);
        stats.variation_selectors += removed(Removal::variation);
        stats.bidi_controls += removed(Removal::bidi);
        stats.zero_width += removed(Removal::zero_width);
        stats.ignorables += removed(Removal::ignorable) + removed(Removal::tag) + removed(Removal::variation) +
                            removed(Removal::bidi) + removed(Removal::zero_width);
        stats.dropped_marks += removed(Removal::mark);
        stats.confusables += confusables_;
        stats.mixed |= mixed_ != 0;
        stats.scripts |= (static_cast<std::uint32_t>(seen_ >> kScripts) & kAllScripts) | letters_.any();
        stats.changed |= (seen_ & kChanged) != 0;
    }

  private:
    void slow(std::uint64_t entry, const char* source, std::uint32_t position) noexcept;
    void append(char32_t cp, std::uint32_t position) noexcept;
    void append_mark(char32_t cp, unsigned cls, std::uint32_t position) noexcept;
    void write(char32_t cp, std::uint32_t position) noexcept;
    void replace(std::size_t at, std::size_t length, char32_t cp) noexcept;

    std::size_t before(std::size_t at) const noexcept {
        do --at;
        while ((static_cast<unsigned char>(dst_[at]) & 0xC0) == 0x80);
        return at;
    }
    char32_t at(std::size_t index, std::size_t end) const noexcept {
        unsigned char bytes[4] = {};
        std::memcpy(bytes, dst_ + index, end - index);
        return utf8::decode(bytes).cp;
    }

    char* const dst_;
    std::uint32_t* const origin_;
    const std::size_t limit_;
    std::size_t size_;
    std::uint32_t marks_;
    std::size_t marks_end_;  // size of the view just after the last mark, kNoMark when a starter came since
    std::uint32_t removed_[7] = {};
    std::uint32_t invalid_ = 0;
    std::uint32_t confusables_ = 0;
    ascii::Letters letters_;
    std::uint64_t seen_ = 0;  // all fold entries met, joined: kChanged and the scripts
    std::uint64_t mixed_ = 0;
    std::uint64_t previous_;
};

std::size_t Folder::blocks(const char* text, std::size_t at, std::size_t end) noexcept {
    while (at < end && size_ <= limit_) {
        std::size_t size = size_;
        std::size_t prefix;
        do {
            prefix = ascii::fold_block(text + at, dst_ + size, letters_);
            ascii::count_up(origin_ + size, static_cast<std::uint32_t>(at));
            size += prefix;
            at += prefix;
        } while (prefix == ascii::kBlock && at < end && size <= limit_);
        if (size != size_) {
            previous_ = kFoldBlocks[static_cast<unsigned char>(text[at - 1])];
            size_ = size;
        }
        if (at >= end || size > limit_) break;
        at = characters<true>(text, at, end, 0);
    }
    return at;
}

template <bool kBlocks>
std::size_t Folder::characters(const char* text, std::size_t at, std::size_t end, std::size_t base) noexcept {
    char* const dst = dst_;
    std::uint32_t* const origin = origin_;
    std::size_t size = size_;
    std::uint64_t seen = 0;
    std::uint64_t confusables = 0;
    std::uint64_t mixed = 0;
    std::uint64_t previous = previous_;
    const std::size_t stop = std::min(end, at + (limit_ - size) / kFoldRatio + 1);
    do {
        const char* const source = text + at;
        const auto position = static_cast<std::uint32_t>(base + at);
        const std::uint32_t b0 = static_cast<unsigned char>(source[0]);
        std::uint64_t entry;
        std::uint32_t bytes;
        if (b0 < 0xE0) {
            const std::uint32_t b1 = static_cast<unsigned char>(source[1]);
            const std::uint32_t lead = utf8::kLeads.of[b0];
            const std::uint32_t rest = (b1 ^ 0x180) & lead;
            if (rest >= 0x40) goto invalid;
            entry = kFoldBlocks[(lead >> 16) + rest];
            bytes = static_cast<std::uint32_t>(entry);
            at += 1U + (b0 >> 7);
        } else {
            if constexpr (kBlocks) {
                if (b0 - 0xE4 < 6) {
                    const std::size_t han = ascii::copy_han(source, dst + size, origin + size, position);
                    if (han == 0) goto invalid;
                    previous = 0;
                    seen |= std::uint64_t{1} << (kScripts + static_cast<unsigned>(Script::han));
                    if (han == 15) {  // a known number, so that the next step need not wait for this one
                        at += 15;
                        size += 15;
                    } else {
                        at += han;
                        size += han;
                    }
                    continue;
                }
            }
            const std::uint32_t word = utf8::load32(source);
            if ((word & 0xC0C0F0) == 0x8080E0) {
                const std::uint32_t block = (word & 0x0F) << 6 | (word >> 8 & 0x3F);
                // Not the shortest form, or a surrogate.
                if ((0x8000001U >> (block >> 5) & 1) != 0) goto invalid;
                entry = kFoldBlocks[std::size_t{kFoldIndex[block]} * 64 + (word >> 16 & 0x3F)];
                at += 3;
            } else {
                const utf8::Step step = utf8::decode(reinterpret_cast<const unsigned char*>(source));
                if (step.cp == utf8::kInvalid) goto invalid;
                entry = entry_of(step.cp);
                at += step.length;
            }
            bytes = (entry & kIdentity) != 0 ? word : static_cast<std::uint32_t>(entry);
        }
        seen |= entry;
        if ((entry & kSlow) != 0) {
            size_ = size;
            slow(entry, source, position);
            size = size_;
            previous = 0;
            continue;
        }
        confusables += entry & kConfusableCount;
        mixed |= (previous << 1 | previous >> 1) & entry;
        previous = entry;
        std::memcpy(dst + size, &bytes, 4);
        ascii::repeat4(origin + size, position);
        size += entry >> kLength;
        continue;
    invalid:
        std::memcpy(dst + size, kReplacement, 4);
        ascii::repeat4(origin + size, position);
        size += 3;
        ++at;
        ++invalid_;
        seen |= kChanged;
        previous = 0;
    } while (at < stop && (!kBlocks || (utf8::load32(text + at) & 0x80808080U) != 0));
    if (const auto next = static_cast<unsigned char>(text[at]); next < 0x80) mixed |= previous << 1 & kFoldBlocks[next];
    size_ = size;
    seen_ |= seen;
    mixed_ |= mixed & (kLetter | kConfusable);  // neighbours: first a confusable then a letter, or the other way
    previous_ = previous;
    confusables_ += static_cast<std::uint32_t>(confusables >> 32);
    return at;
}

void Folder::slow(std::uint64_t entry, const char* source, std::uint32_t position) noexcept {
    if (const auto removal = entry >> kRemoval & 7; removal != 0) {
        ++removed_[removal];
        return;
    }
    confusables_ += static_cast<std::uint32_t>((entry & kConfusable) != 0);
    std::size_t length = entry >> kLength;
    char text[kMaxFold + 4] = {};
    if ((entry & kPooled) != 0) {
        const std::uint8_t* const pooled = kPool + static_cast<std::uint32_t>(entry);
        length = pooled[0];
        std::memcpy(text, pooled + 1, kMaxFold);
    } else {
        const auto bytes = static_cast<std::uint32_t>(entry);
        std::memcpy(text, (entry & kIdentity) != 0 ? static_cast<const void*>(source) : &bytes, 4);
    }
    if ((entry & kInteracts) == 0) {
        std::memcpy(dst_ + size_, text, kMaxFold);
        std::fill_n(origin_ + size_, length, position);
        size_ += length;
        return;
    }
    for (std::size_t k = 0; k < length;) {
        const utf8::Step step = utf8::decode(reinterpret_cast<const unsigned char*>(text + k));
        append(step.cp, position);
        k += step.length;
    }
}

void Folder::write(char32_t cp, std::uint32_t position) noexcept {
    ascii::repeat4(origin_ + size_, position);
    size_ += utf8::encode(cp, dst_ + size_);
}

// Puts another code point in the place of dst_[at, at + length), with the origin of that.
void Folder::replace(std::size_t at, std::size_t length, char32_t cp) noexcept {
    char bytes[4];
    const std::size_t wanted = utf8::encode(cp, bytes);
    const std::uint32_t position = origin_[at];
    const std::size_t tail = size_ - at - length;
    std::memmove(dst_ + at + wanted, dst_ + at + length, tail);
    std::memmove(origin_ + at + wanted, origin_ + at + length, tail * sizeof *origin_);
    std::memcpy(dst_ + at, bytes, wanted);
    std::fill_n(origin_ + at, wanted, position);
    size_ = at + wanted + tail;
    seen_ |= kChanged;
}

// Appends a code point of folded text that may compose with or be ordered before what is there.
void Folder::append(char32_t cp, std::uint32_t position) noexcept {
    const std::uint64_t entry = entry_of(cp);
    if (const unsigned cls = mark_class(entry); cls != 0) {
        append_mark(cp, cls, position);
        return;
    }
    marks_end_ = kNoMark;
    if ((entry & kInteracts) != 0 && size_ != 0) {
        const std::size_t last = before(size_);
        if (const char32_t joined = compose(at(last, size_), cp); joined != 0) {
            replace(last, size_ - last, joined);
            return;
        }
    }
    write(cp, position);
}

void Folder::append_mark(char32_t cp, unsigned cls, std::uint32_t position) noexcept {
    if (marks_end_ != size_) marks_ = 0;
    if (marks_ == kMaxMarks) {
        ++removed_[static_cast<std::size_t>(Removal::mark)];
        seen_ |= kChanged;
        return;
    }
    ++marks_;
    std::size_t place = size_;  // where canonical order wants the mark
    std::size_t starter = size_;
    unsigned previous = 0;  // highest class between the starter and that place
    for (std::size_t end = size_; end != 0 && starter == size_; end = before(end)) {
        const std::size_t index = before(end);
        const unsigned there = mark_class(entry_of(at(index, end)));
        if (there == 0)
            starter = index;
        else if (there > cls)
            place = index;
        else
            previous = std::max(previous, there);
    }
    const bool has_starter = starter != size_;
    // The marks from `place` on move on by one, their origins stay where they are; so origins never go back.
    std::uint32_t origins[kMaxMarks + 1];
    std::size_t count = 0;
    for (std::size_t index = place; index < size_; index += utf8::length(dst_[index]))
        origins[count++] = origin_[index];
    origins[count] = position;
    char bytes[4];
    const std::size_t length = utf8::encode(cp, bytes);
    std::memmove(dst_ + place + length, dst_ + place, size_ - place);
    std::memcpy(dst_ + place, bytes, length);
    size_ += length;
    if (count != 0) seen_ |= kChanged;
    count = 0;
    for (std::size_t index = place, next = 0; index < size_; index = next) {
        next = index + utf8::length(dst_[index]);
        std::fill(origin_ + index, origin_ + next, origins[count++]);
    }
    if (has_starter && previous < cls) {
        const std::size_t end = starter + utf8::length(dst_[starter]);
        if (const char32_t joined = compose(at(starter, end), cp); joined != 0) {
            std::memmove(dst_ + place, dst_ + place + length, size_ - place - length);
            std::memmove(origin_ + place, origin_ + place + length, (size_ - place - length) * sizeof *origin_);
            size_ -= length;
            replace(starter, end - starter, joined);
        }
    }
    marks_end_ = size_;
}

}  // namespace

std::size_t fold_bound(std::size_t n) noexcept { return n * kFoldRatio; }

bool fold_step(const char* src, std::size_t n, char* dst, std::uint32_t* origin, std::size_t room, FoldCursor& cursor,
               FoldStats& stats) noexcept {
    if (room < kFoldReserve || room - kFoldReserve < cursor.written) return false;
    Folder folder(dst, origin, room, cursor);
    if (n - cursor.read > kSlack) cursor.read = folder.blocks(src, cursor.read, n - kSlack);
    if (n - cursor.read <= kSlack) {
        // The end of the text, with room after it for wide reads; the zeros make a cut sequence invalid.
        char tail[kSlack + 4] = {};
        const std::size_t left = n - cursor.read;
        if (left != 0) std::memcpy(tail, src + cursor.read, left);
        std::size_t at = 0;
        while (at < left && folder.has_room()) at = folder.characters<false>(tail, at, left, cursor.read);
        cursor.read += at;
    }
    folder.finish(cursor, stats);
    if (cursor.read != n) return false;
    origin[cursor.written] = static_cast<std::uint32_t>(n);
    return true;
}

std::size_t fold_utf8(const char* src, std::size_t n, char* dst, std::uint32_t* origin, FoldStats& stats) noexcept {
    stats = FoldStats{};
    FoldCursor cursor;
    fold_step(src, n, dst, origin, ~std::size_t{0}, cursor, stats);
    return cursor.written;
}

TokenClass token_class(char32_t cp) noexcept {
    return cp < kLimit ? static_cast<TokenClass>(class_entry(cp) & 3) : TokenClass::separator;
}

Script script_of(char32_t cp) noexcept {
    return cp < kLimit ? static_cast<Script>(class_entry(cp) >> 2) : Script::none;
}

}  // namespace fastguard
