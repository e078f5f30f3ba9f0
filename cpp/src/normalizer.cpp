#include "fastguard/normalizer.h"

#include <algorithm>
#include <cstring>

#include "normalizer_ascii.h"
#include "unicode_tables.h"
#include "utf8_decode.h"

namespace fastguard {

using namespace unicode;

namespace {

constexpr std::size_t kNoMark = ~std::size_t{0};
constexpr char kReplacement[] = "\xEF\xBF\xBD";

std::uint64_t entry_of(char32_t cp) noexcept {
    if (cp < kLimit) return fold_entry(cp);
    constexpr std::uint64_t no_script = static_cast<std::uint64_t>(Script::none) << kScript;
    if (cp - 0xE0000 >= 0x1000) return kIdentity | 4ULL << kFoldLength | no_script;
    const auto kind = cp < 0xE0080                    ? Removal::tag
                      : cp >= 0xE0100 && cp < 0xE01F0 ? Removal::variation
                                                      : Removal::ignorable;
    return kSlow | kChanged | no_script | static_cast<std::uint64_t>(kind) << kRemoval;
}

unsigned mark_class(std::uint64_t entry) noexcept { return static_cast<unsigned>(entry >> kClass) & 0xFF; }

// Canonical composition of two code points of folded text, 0 where there is none.
char32_t compose(char32_t first, char32_t second) noexcept {
    if (first - 0x1100 < 19 && second - 0x1161 < 21) return 0xAC00 + (first - 0x1100) * 588 + (second - 0x1161) * 28;
    if (first - 0xAC00 < 11172 && (first - 0xAC00) % 28 == 0 && second - 0x11A8 < 27) return first + second - 0x11A7;
    const std::uint64_t key = std::uint64_t{first} << 42 | std::uint64_t{second} << 21;
    const std::uint64_t* const end = kPairs + kPairCount;
    const std::uint64_t* const found = std::lower_bound(kPairs, end, key);
    return found != end && (*found ^ key) < 1U << 21 ? static_cast<char32_t>(*found & 0x1FFFFF) : 0;
}

bool is_ascii_letter(unsigned char byte) noexcept { return static_cast<unsigned char>((byte | 0x20) - 'a') < 26; }

// The state of one folding call; what the hot loop needs often is in its locals.
class Folder {
  public:
    Folder(char* dst, std::uint32_t* origin, std::size_t room, const FoldCursor& cursor) noexcept
        : dst_(dst),
          origin_(origin),
          limit_(room - kFoldReserve),
          size_(cursor.written),
          marks_(cursor.marks),
          marks_end_(cursor.marks == 0 ? kNoMark : cursor.written) {}

    // Folds from text[at] on and returns where it stopped: at `end` or after, or where the room ends.
    // base + k is the offset of text[k] in the source; three bytes after `end` must be readable.
    template <bool kBlocks>
    std::size_t run(const char* text, std::size_t at, std::size_t end, std::size_t base) noexcept;

    void finish(FoldCursor& cursor, FoldStats& stats) const noexcept {
        cursor.written = size_;
        cursor.marks = marks_end_ == size_ ? marks_ : 0;
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
        stats.mixed += mixed_;
        stats.scripts |= (scripts_ & ~(1U << static_cast<unsigned>(Script::none))) | (letters_ != 0);
        stats.changed |= (changed_ & kChanged) != 0;
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
    std::uint32_t mixed_ = 0;
    std::uint32_t scripts_ = 0;
    std::uint32_t letters_ = 0;
    std::uint64_t changed_ = 0;
};

template <bool kBlocks>
std::size_t Folder::run(const char* text, std::size_t at, std::size_t end, std::size_t base) noexcept {
    std::size_t size = size_;
    std::uint64_t changed = 0;
    std::uint32_t scripts = 0;
    std::uint32_t letters = 0;
    std::uint32_t confusables = 0;
    while (at < end && size <= limit_) {
        if constexpr (kBlocks) {
            const std::size_t prefix = ascii::fold_block(text + at, dst_ + size, letters);
            ascii::count_up(origin_ + size, static_cast<std::uint32_t>(base + at));
            size += prefix;
            at += prefix;
            if (prefix == ascii::kBlock) continue;
        }
        do {
            const char* const source = text + at;
            const auto position = static_cast<std::uint32_t>(base + at);
            const utf8::Step step = utf8::decode(reinterpret_cast<const unsigned char*>(source));
            at += step.length;
            std::uint64_t entry;
            if (step.length == 2) {
                entry = kFoldBlocks[step.cp];
            } else if (step.cp < kLimit) {
                entry = fold_entry(step.cp);
            } else if (step.cp == utf8::kInvalid) {
                std::memcpy(dst_ + size, kReplacement, 4);
                ascii::repeat4(origin_ + size, position);
                size += 3;
                ++invalid_;
                changed |= kChanged;
                continue;
            } else {
                entry = entry_of(step.cp);
            }
            changed |= entry;
            scripts |= 1U << (entry >> kScript & 15);
            if ((entry & kSlow) != 0) {
                size_ = size;
                slow(entry, source, position);
                size = size_;
                continue;
            }
            if ((entry >> kConfusable & 1) != 0) {
                ++confusables;
                mixed_ += (size != 0 && is_ascii_letter(static_cast<unsigned char>(dst_[size - 1]))) ||
                          is_ascii_letter(static_cast<unsigned char>(text[at]));
            }
            const std::uint32_t bytes =
                (entry & kIdentity) != 0 ? utf8::load32(source) : static_cast<std::uint32_t>(entry);
            std::memcpy(dst_ + size, &bytes, 4);
            ascii::repeat4(origin_ + size, position);
            size += entry >> kFoldLength & 63;
        } while (at < end && size <= limit_ && (!kBlocks || static_cast<unsigned char>(text[at]) >= 0x80));
    }
    size_ = size;
    changed_ |= changed;
    scripts_ |= scripts;
    letters_ |= letters;
    confusables_ += confusables;
    return at;
}

void Folder::slow(std::uint64_t entry, const char* source, std::uint32_t position) noexcept {
    if (const auto removal = entry >> kRemoval & 7; removal != 0) {
        ++removed_[removal];
        return;
    }
    confusables_ += static_cast<std::uint32_t>(entry >> kConfusable & 1);
    const std::size_t length = entry >> kFoldLength & 63;
    char text[kMaxFold + 4] = {};
    if ((entry & kPooled) != 0) {
        std::memcpy(text, kPool + static_cast<std::uint32_t>(entry), kMaxFold);
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
    changed_ |= kChanged;
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
        changed_ |= kChanged;
        return;
    }
    ++marks_;
    std::size_t place = size_;  // where canonical order wants the mark
    unsigned previous = 0;      // class of the mark before that place, 0 for the starter
    for (std::size_t end = size_; end != 0;) {
        const std::size_t index = before(end);
        const unsigned there = mark_class(entry_of(at(index, end)));
        if (there > cls)
            place = index;
        else
            previous = std::max(previous, there);
        if (there == 0) {
            if (previous < cls) {
                if (const char32_t joined = compose(at(index, end), cp); joined != 0) {
                    replace(index, end - index, joined);
                    marks_end_ = size_;
                    return;
                }
            }
            break;
        }
        end = index;
    }
    if (place == size_) {
        write(cp, position);
    } else {
        char bytes[4];
        const std::size_t length = utf8::encode(cp, bytes);
        std::memmove(dst_ + place + length, dst_ + place, size_ - place);
        std::memmove(origin_ + place + length, origin_ + place, (size_ - place) * sizeof *origin_);
        std::memcpy(dst_ + place, bytes, length);
        std::fill_n(origin_ + place, length, origin_[place + length]);
        size_ += length;
        changed_ |= kChanged;
    }
    marks_end_ = size_;
}

}  // namespace

std::size_t fold_bound(std::size_t n) noexcept { return n * kFoldRatio; }

bool fold_step(const char* src, std::size_t n, char* dst, std::uint32_t* origin, std::size_t room, FoldCursor& cursor,
               FoldStats& stats) noexcept {
    if (room < kFoldReserve || room - kFoldReserve < cursor.written) return false;
    Folder folder(dst, origin, room, cursor);
    constexpr std::size_t slack = ascii::kBlock + 3;
    if (n - cursor.read > slack) cursor.read = folder.run<true>(src, cursor.read, n - slack, 0);
    if (n - cursor.read <= slack) {
        // The end of the text, with room after it for wide reads; the zeros make a cut sequence invalid.
        char tail[slack + 4] = {};
        if (cursor.read != n) std::memcpy(tail, src + cursor.read, n - cursor.read);
        cursor.read += folder.run<false>(tail, 0, n - cursor.read, cursor.read);
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
