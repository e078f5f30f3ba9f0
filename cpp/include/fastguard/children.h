// Children: what a text says once a disguise is undone, each with a map back to the bytes that carried it.
//
// A maker (a decoder, a view) looks at a Reading and puts what it finds into Children:
//
//   if (children.open(ViewKind::base64)) {          // false: no budget is left
//       children.put_byte('I', 0, 4);               // bytes 0..4 of the reading's text carried this byte
//       children.put_code_point(0x00E9, 4, 8);      // a code point, as UTF-8
//       children.close(reading.raw.bytes);          // or drop()
//   }
//
// A child may be read and have children of its own; places given to `put` are then places in its text, and come out as
// places in the text at the root. So a finding in a doubly decoded child marks the bytes of the caller's text.
//
// Bounded: at most kMaxChildren children, kMaxDepth deep (a code put over itself, as base64 of base64, is one step:
// each time it is undone it is a quarter shorter), and kDecodedFactor times the root's size (but never less than
// kLeastDecoded or more than kMostDecoded) bytes in all, dropped ones included; what does not fit is not kept, and
// `exhausted` says so. A child too many or too deep is made and compared before it is refused. It exhausts nothing if
// it would not have been kept in any case, if it changes fewer than 16 bytes, if it has fewer than 6 letters in words
// that no other child says, if it is a skeleton (every text that is read has its own), or if it is noise: made of what
// a view that changes any text made, with neither common words nor a long code that no other child has. Nothing is
// allocated after warm-up. Used by one thread at a time.
#pragma once

#include "fastguard/scratch.h"
#include "fastguard/types.h"
#include "fastguard/view.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace fastguard {

inline constexpr std::size_t kMaxChildren = 64;
inline constexpr std::uint8_t kMaxDepth = 3;
inline constexpr std::size_t kDecodedFactor = 4;
inline constexpr std::size_t kLeastDecoded = 16 * 1024;
inline constexpr std::size_t kMostDecoded = 1024 * 1024;
inline constexpr std::size_t kMostPassed = 1024;  // places passed over, of all children

// Bytes [begin, end) of the root's text.
struct Origin {
    std::uint32_t begin;
    std::uint32_t end;

    bool operator==(const Origin&) const = default;
};

struct Child {
    ViewKind kind = ViewKind::decoded;   // what was undone last
    std::uint8_t depth = 1;              // 1: made of the root's text
    std::uint8_t parent = kMaxChildren;  // of whose text it was made; kMaxChildren: the root's
    std::uint32_t begin = 0;             // in the store
    std::uint32_t size = 0;              // bytes
    std::uint32_t passed = 0;            // the first of what was passed over
    std::uint32_t passed_count = 0;
    bool doubted = false;  // see Children::doubt
    bool vouched = false;  // see Children::vouch
};

// Less than the bounds above, where a policy says so.
struct ChildLimits {
    std::size_t children = kMaxChildren;  // at most kMaxChildren
    std::size_t bytes = kMostDecoded;     // at most kMostDecoded
};

class Children {
  public:
    // Forgets all children; the root has `size` bytes.
    void reset(std::size_t size, const ChildLimits& limits = {}) noexcept;

    // Makers read the child at `index` from now on; its children are one deeper. `deepest`: those are too deep to keep,
    // and only whether there are any is of interest (`exhausted`).
    void read_child(std::size_t index, bool deepest = false) noexcept;

    // Begins a child; false where no budget is left. Throws std::bad_alloc.
    [[nodiscard]] bool open(ViewKind kind);

    // Adds one byte, carried by bytes [begin, end) of the text being read, `begin` < `end` <= its size. False where the
    // budget is used up: then the child so far may be closed or dropped. Amortised O(1) where successive calls name the
    // same place; else O(end - begin) in a child of a child, O(1) in a child of the root.
    bool put_byte(char byte, std::size_t begin, std::size_t end);

    // Adds bytes [begin, end) of `text`, each carried by the byte at its own place of the text being read: as put_byte
    // for each of them.
    bool copy(std::string_view text, std::size_t begin, std::size_t end);

    // Adds bytes [begin, end) of a view of the text being read, each carried by what raw_span says of it: as put_byte
    // for each of them.
    bool copy(const View& view, std::size_t begin, std::size_t end);

    // Adds a code point as UTF-8; what is none (a surrogate, beyond U+10FFFF) as U+FFFD.
    bool put_code_point(char32_t code_point, std::size_t begin, std::size_t end);

    // Whether a child of this kind was made of the text being read.
    [[nodiscard]] bool has_made(ViewKind kind) const noexcept;

    // The open child is a guess that ordinary text gives rise to as well: it may show a signature more, and does not
    // stand for what it was made of.
    void doubt() noexcept { doubted_ = true; }
    // The open child stands for what it was made of even if it is no text in words.
    void vouch() noexcept { vouched_ = true; }

    // Bytes [begin, end) of the text being read were undone with it and are no part of what it says: markup that holds
    // no words. Of use to what asks what is left unsaid (`passed`). Beyond kMostPassed of all children it is
    // forgotten. O(1).
    void pass(std::size_t begin, std::size_t end) noexcept;

    // The open child is only its first `size` bytes; the others stay taken from the budget.
    void shorten(std::size_t size) noexcept { used_ = begin_ + size; }

    // Keeps the open child, unless it is empty, says what the text being read says, or what an earlier child says.
    // Returns whether it was kept.
    bool close(std::string_view source) noexcept;

    // Forgets the open child. Its bytes stay taken from the budget, so that work is bounded, too.
    void drop() noexcept;

    [[nodiscard]] std::size_t size() const noexcept { return count_; }
    [[nodiscard]] const Child& operator[](std::size_t index) const noexcept { return children_[index]; }

    // Valid until the next `put`.
    [[nodiscard]] std::string_view text(std::size_t index) const noexcept;
    // Bytes [begin, begin + size) of the store, of which each child has a part (Child::begin); the same.
    [[nodiscard]] std::string_view stored(std::size_t begin, std::size_t size) const noexcept {
        return {bytes_.data() + begin, size};
    }
    // What the open child has so far; valid until the next `put`.
    [[nodiscard]] std::string_view opened() const noexcept { return {bytes_.data() + begin_, used_ - begin_}; }

    // For each byte of a child what carried it; valid until the next `put`.
    [[nodiscard]] std::span<const Origin> origins(std::size_t index) const noexcept {
        return {origins_.data() + children_[index].begin, children_[index].size};
    }

    // What was passed over for it.
    [[nodiscard]] std::span<const Origin> passed(std::size_t index) const noexcept {
        return {passed_.data() + children_[index].passed, children_[index].passed_count};
    }

    // Bytes [begin, end) of a child as bytes of the root: from the first to the last that carried them. O(end - begin).
    [[nodiscard]] Origin origin(std::size_t index, std::size_t begin, std::size_t end) const noexcept;

    // Bytes that may still be put.
    [[nodiscard]] std::size_t budget() const noexcept { return budget_; }

    // Makers may note, for the root and all its children, that nothing came of some bytes: `key` is a hash of them and
    // of what was done with them, `size` is the maker's own (0 to 2^32 - 1). A few notes are kept.
    void note(std::uint64_t key, std::size_t size) noexcept {
        notes_[key >> 58U] = {key + epoch_, static_cast<std::uint32_t>(size)};
    }
    // Its size where there is a note with this key.
    [[nodiscard]] std::optional<std::size_t> noted(std::uint64_t key) const noexcept {
        const Note& note = notes_[key >> 58U];
        return note.key == key + epoch_ ? std::optional<std::size_t>(note.size) : std::nullopt;
    }

    // Whether something was not kept for want of budget.
    [[nodiscard]] bool exhausted() const noexcept { return exhausted_; }

  private:
    [[nodiscard]] Origin place(std::size_t begin, std::size_t end) noexcept;
    [[nodiscard]] bool room(std::size_t more);
    [[nodiscard]] bool repeats(std::size_t size) const noexcept;
    // Whether something may go unread where the open child is not kept.
    [[nodiscard]] bool is_missed(std::string_view said) const noexcept;

    std::array<Child, kMaxChildren> children_{};
    struct Note {
        std::uint64_t key;  // and the epoch of its root: notes of others are none
        std::uint32_t size;
    };
    std::array<Note, 64> notes_{};
    std::uint64_t epoch_ = 0;
    std::size_t count_ = 0;
    Buffer<char> bytes_;
    Buffer<Origin> origins_;
    std::array<Origin, kMostPassed> passed_{};
    std::size_t passed_used_ = 0;
    std::size_t passed_begin_ = 0;  // of the open child
    bool doubted_ = false;          // the same
    bool vouched_ = false;          // the same
    std::size_t capacity_ = 0;      // of bytes_ and origins_
    std::size_t used_ = 0;          // of both: kept children, then the open one
    std::size_t begin_ = 0;         // of the open child
    std::size_t budget_ = 0;        // bytes that may still be put
    ViewKind kind_ = ViewKind::decoded;
    std::size_t most_ = kMaxChildren;
    std::size_t parent_ = kMaxChildren;  // being read; kMaxChildren: the root
    bool sealed_ = false;                // no child of it is kept
    bool exhausted_ = false;
    Origin asked_{};     // what `place` was asked last, and
    Origin answered_{};  // what it said
};

}  // namespace fastguard
