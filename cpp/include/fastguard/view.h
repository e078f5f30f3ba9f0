// One reading of the caller's text: bytes, and for each of them where it comes from.
#pragma once

#include "fastguard/kernels.h"
#include "fastguard/scratch.h"
#include "fastguard/types.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace fastguard {

// Bytes that may be read (not trusted) past the end of a view, so that token loads need no bounds check.
inline constexpr std::size_t kViewPadding = 64;

// A view borrows the buffers of a Scratch (or, for `raw`, the caller's text) and lives until the next segment.
struct View {
    ViewKind kind = ViewKind::raw;
    std::string_view bytes;
    // origin[i]: byte of the raw text whose character made byte i; origin[bytes.size()] is the raw size.
    // Null: the view has the raw text's bytes at the raw text's places.
    const std::uint32_t* origin = nullptr;

    [[nodiscard]] std::uint32_t raw_begin(std::size_t at) const noexcept {
        return origin == nullptr ? static_cast<std::uint32_t>(at) : origin[at];
    }
};

// Masks of one view, in buffers that grow with it.
class MaskBuffers {
  public:
    // Room for `size` bytes; the masks of the call before are gone. Throws std::bad_alloc.
    ByteMasks reserve(std::size_t size) {
        const std::size_t blocks = size / kBlockBytes + 2;
        return ByteMasks::in(words_.reserve(ByteMasks::kCount * blocks), blocks);
    }

  private:
    Buffer<std::uint64_t> words_;
};

}  // namespace fastguard
