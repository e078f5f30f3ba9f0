// Deflated data: whatever the bytes are, what is inflated stays within its bound, is the same with more room or less
// input as far as that goes, and data that was packed here comes out as it went in.
#include "decode/inflate.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace {

using fastguard::decoding::deflate_begin;
using fastguard::decoding::inflate;
using fastguard::decoding::Inflated;
using fastguard::fuzz::require;

using Bytes = std::vector<unsigned char>;

constexpr std::size_t kRoom = 4096;
constexpr std::size_t kMostStored = 0xFFFF;  // bytes of a stored block

struct Unpacked {
    Bytes bytes;
    bool complete;
};

// Inflates with allocations of exactly these sizes, so that AddressSanitizer sees every step too far.
Unpacked unpack(std::span<const unsigned char> packed, std::size_t room) {
    const auto in = std::make_unique<unsigned char[]>(packed.size());
    std::copy(packed.begin(), packed.end(), in.get());
    const auto out = std::make_unique<unsigned char[]>(room);
    const Inflated said = inflate({in.get(), packed.size()}, {out.get(), room});
    require(said.size <= room, "no more is written than there is room");
    return {{out.get(), out.get() + said.size}, said.done};
}

bool begins_with(const Bytes& whole, const Bytes& part) {
    return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// As stored blocks of `block` bytes each.
Bytes store(std::span<const unsigned char> data, std::size_t block) {
    Bytes packed;
    std::size_t at = 0;
    do {
        const std::size_t size = std::min(block, data.size() - at);
        const bool last = at + size == data.size();
        for (const std::size_t byte :
             {std::size_t{last}, size & 0xFFU, size >> 8U, ~size & 0xFFU, (~size >> 8U) & 0xFFU}) {
            packed.push_back(static_cast<unsigned char>(byte));
        }
        packed.insert(packed.end(), data.begin() + static_cast<std::ptrdiff_t>(at),
                      data.begin() + static_cast<std::ptrdiff_t>(at + size));
        at += size;
    } while (at < data.size());
    return packed;
}

// As one block of the fixed code, each byte a literal; a run of the byte before as a copy from one byte back.
class FixedPacker {
  public:
    Bytes pack(std::span<const unsigned char> data) {
        put(1, 1);  // the last block
        put(1, 2);  // of the fixed code
        for (std::size_t i = 0; i < data.size();) {
            const bool repeats = i > 0 && i + 3 <= data.size() &&
                                 std::all_of(data.begin() + static_cast<std::ptrdiff_t>(i),
                                             data.begin() + static_cast<std::ptrdiff_t>(i) + 3,
                                             [&](unsigned char byte) { return byte == data[i - 1]; });
            if (repeats) {
                put_code(1, 7);  // length 3
                put_code(0, 5);  // from one byte back
            } else if (data[i] < 144) {
                put_code(0x30U + data[i], 8);
            } else {
                put_code(0x190U + data[i] - 144U, 9);
            }
            i += repeats ? 3 : 1;
        }
        put_code(0, 7);  // the end
        return bytes_;
    }

  private:
    void put(unsigned bits, unsigned count) {
        for (unsigned i = 0; i < count; ++i) {
            if (used_ % 8 == 0) {
                bytes_.push_back(0);
            }
            bytes_.back() = static_cast<unsigned char>(bytes_.back() | (bits >> i & 1U) << (used_ % 8));
            ++used_;
        }
    }
    // Codes go with their highest bit first.
    void put_code(unsigned code, unsigned count) {
        for (unsigned i = count; i > 0; --i) {
            put(code >> (i - 1), 1);
        }
    }

    Bytes bytes_;
    std::size_t used_ = 0;
};

void check_round_trip(std::span<const unsigned char> data) {
    const std::size_t block = data.empty() ? kMostStored : 1 + data[0] * std::size_t{4};
    for (const Bytes& packed : {store(data, block), FixedPacker().pack(data)}) {
        const Unpacked said = unpack(packed, data.size());
        require(said.complete && said.bytes.size() == data.size() &&
                    std::equal(data.begin(), data.end(), said.bytes.begin()),
                "what was packed comes out as it went in");
        if (!data.empty()) {
            const Unpacked cut = unpack(packed, data.size() - 1);
            require(!cut.complete && begins_with(said.bytes, cut.bytes), "too little room is told");
        }
        const Unpacked part = unpack(std::span(packed).first(packed.size() - 1), data.size());
        require(!part.complete && begins_with(said.bytes, part.bytes), "data that is cut off is told");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::span<const unsigned char> input(data, size);
    const Unpacked whole = unpack(input, kRoom);
    const std::size_t less = size == 0 ? 0 : kRoom * data[size - 1] / 256;
    const Unpacked small = unpack(input, less);
    require(begins_with(whole.bytes, small.bytes), "less room gives the begin of it");
    require(small.bytes.size() == std::min(less, whole.bytes.size()), "as much as there is room for");
    require(small.complete == (whole.complete && whole.bytes.size() <= less), "and says whether that is all");
    const Unpacked shorter = unpack(input.first(size / 2), kRoom);
    require(begins_with(whole.bytes, shorter.bytes), "the begin of the data gives the begin of it");

    const std::size_t begin = deflate_begin(input);
    require(begin <= size, "the data begins in the text");
    (void)unpack(input.subspan(begin), kRoom);
    check_round_trip(input);
    return 0;
}
