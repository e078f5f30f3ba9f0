// What the fuzz targets share: buffers that end exactly where the contract says, and checks that stop the fuzzer.
#pragma once

#include "fastguard/kernels.h"

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

namespace fastguard::fuzz {

// Ends the process, so that libFuzzer keeps the input.
inline void require(bool holds, const char* what) {
    if (!holds) {
        std::fprintf(stderr, "does not hold: %s\n", what);
        std::abort();
    }
}

// Bytes in an allocation of exactly their size plus `readable` zero bytes: AddressSanitizer sees every step too far.
class ExactText {
  public:
    ExactText(const char* data, std::size_t size, std::size_t readable = 0)
        : bytes_(std::make_unique<char[]>(size + readable)), size_(size) {
        for (std::size_t i = 0; i < size; ++i) {
            bytes_[i] = data[i];
        }
    }
    [[nodiscard]] std::string_view view() const noexcept { return {bytes_.get(), size_}; }
    [[nodiscard]] char* data() noexcept { return bytes_.get(); }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_;
};

// Masks of exactly as many words as a kernel may write.
class ExactMasks {
  public:
    explicit ExactMasks(std::size_t size) : blocks_((size + kBlockBytes - 1) / kBlockBytes) {
        for (auto& mask : words_) {
            mask.assign(blocks_, ~std::uint64_t{0});
        }
    }
    ByteMasks masks() noexcept {
        return {words_[0].data(), words_[1].data(), words_[2].data(), words_[3].data(),
                words_[4].data(), words_[5].data(), words_[6].data(), words_[7].data()};
    }
    [[nodiscard]] std::size_t blocks() const noexcept { return blocks_; }
    bool operator==(const ExactMasks&) const = default;

  private:
    std::size_t blocks_;
    std::vector<std::uint64_t> words_[ByteMasks::kCount];
};

// Size rounded up to whole blocks, the room that `classify` asks for.
inline std::size_t block_room(std::size_t size) { return (size + kBlockBytes - 1) / kBlockBytes * kBlockBytes; }

inline const char* chars(const std::uint8_t* data) { return reinterpret_cast<const char*>(data); }

}  // namespace fastguard::fuzz
