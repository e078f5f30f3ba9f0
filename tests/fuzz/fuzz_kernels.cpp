// Every kernel gives what the scalar one gives, at every alignment, in place or not, without a step past the end.
#include "fastguard/kernels.h"

#include "fuzz_input.h"

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

struct Classified {
    std::vector<char> folded;
    fastguard::fuzz::ExactMasks masks;
    fastguard::ByteCounts counts;

    bool operator==(const Classified&) const = default;
};

Classified classify(const fastguard::Kernel& kernel, std::string_view text) {
    Classified result{
        std::vector<char>(fastguard::fuzz::block_room(text.size())), fastguard::fuzz::ExactMasks(text.size()), {}};
    kernel.classify(text.data(), text.size(), result.folded.data(), result.masks.masks(), result.counts);
    result.folded.resize(text.size());
    return result;
}

void check_in_place(const fastguard::Kernel& kernel, std::string_view text, const Classified& expected) {
    std::vector<char> bytes(fastguard::fuzz::block_room(text.size()));
    std::copy(text.begin(), text.end(), bytes.begin());
    fastguard::fuzz::ExactMasks masks(text.size());
    fastguard::ByteCounts counts;
    kernel.classify(bytes.data(), text.size(), bytes.data(), masks.masks(), counts);
    bytes.resize(text.size());
    require(bytes == expected.folded && masks == expected.masks && counts == expected.counts, "in place as beside");
}

void check_accumulate(const fastguard::Kernel& kernel, const fastguard::Kernel& scalar, std::string_view text) {
    constexpr std::uint16_t kMask = 63;
    std::vector<std::int16_t> table((kMask + 1) * fastguard::kGateLabels);
    for (std::size_t i = 0; i < table.size(); ++i) {
        table[i] = static_cast<std::int16_t>(i * 40503U);
    }
    const auto rows = std::make_unique<std::uint16_t[]>(text.size() / 2);
    std::memcpy(rows.get(), text.data(), text.size() / 2 * 2);
    std::int32_t expected[fastguard::kGateLabels] = {1, -2, 3, -4, 5, -6, 7, -8};
    std::int32_t sums[fastguard::kGateLabels] = {1, -2, 3, -4, 5, -6, 7, -8};
    scalar.accumulate(rows.get(), text.size() / 2, kMask, table.data(), expected);
    kernel.accumulate(rows.get(), text.size() / 2, kMask, table.data(), sums);
    require(std::memcmp(expected, sums, sizeof sums) == 0, "sums of the scalar kernel");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) {
        return 0;
    }
    const auto kernels = fastguard::available_kernels();
    const fastguard::Kernel& scalar = *kernels.back();
    require(scalar.name == "scalar", "the last kernel is the scalar one");
    // The first byte chooses where the text begins in its allocation; it always ends where the allocation ends.
    const std::size_t shift = data[0] % fastguard::kBlockBytes;
    const fastguard::fuzz::ExactText room(fastguard::fuzz::chars(data), size);
    const std::string_view text = room.view().substr(std::min(shift, size));
    const Classified expected = classify(scalar, text);
    for (const fastguard::Kernel* kernel : kernels) {
        require(classify(*kernel, text) == expected, "classes of the scalar kernel");
        check_in_place(*kernel, text, expected);
        check_accumulate(*kernel, scalar, text);
    }
    return 0;
}
