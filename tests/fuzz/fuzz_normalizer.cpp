// Folding and skeletons: sizes and maps as promised, folding twice changes nothing, steps give what one call gives.
#include "fastguard/normalizer.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

struct Folded {
    std::unique_ptr<char[]> bytes;
    std::unique_ptr<std::uint32_t[]> origin;
    std::size_t size = 0;
    fastguard::FoldStats stats{};

    [[nodiscard]] std::string_view view() const { return {bytes.get(), size}; }
};

void check_map(const std::uint32_t* origin, std::size_t size, std::size_t source_size) {
    require(origin[size] == source_size, "the map ends at the size of the source");
    for (std::size_t i = 0; i < size; ++i) {
        require(origin[i] <= origin[i + 1], "origins never decrease");
    }
}

Folded fold(std::string_view text) {
    Folded folded;
    const std::size_t bound = fastguard::fold_bound(text.size());
    folded.bytes = std::make_unique<char[]>(bound + 64);
    folded.origin = std::make_unique<std::uint32_t[]>(bound + 65);
    folded.size = fastguard::fold_utf8(text.data(), text.size(), folded.bytes.get(), folded.origin.get(), folded.stats);
    require(folded.size <= bound, "a view is no longer than fold_bound");
    check_map(folded.origin.get(), folded.size, text.size());
    return folded;
}

// Folds in steps, with room that grows by little, and compares.
void check_steps(std::string_view text, const Folded& whole) {
    std::size_t room = fastguard::kFoldReserve;
    std::vector<char> bytes(room);
    std::vector<std::uint32_t> origin(room + 1);
    fastguard::FoldCursor cursor;
    fastguard::FoldStats stats{};
    while (!fastguard::fold_step(text.data(), text.size(), bytes.data(), origin.data(), room, cursor, stats)) {
        require(room <= fastguard::fold_bound(text.size()) + 2 * fastguard::kFoldReserve, "steps come to an end");
        room += fastguard::kFoldReserve;
        bytes.resize(room);
        origin.resize(room + 1);
    }
    require(std::string_view(bytes.data(), cursor.written) == whole.view(), "steps give the bytes of one call");
    require(std::equal(origin.begin(), origin.begin() + static_cast<std::ptrdiff_t>(cursor.written) + 1,
                       whole.origin.get()),
            "steps give the map of one call");
    require(stats.invalid == whole.stats.invalid && stats.ignorables == whole.stats.ignorables &&
                stats.dropped_marks == whole.stats.dropped_marks && stats.confusables == whole.stats.confusables &&
                stats.scripts == whole.stats.scripts && stats.changed == whole.stats.changed,
            "steps count what one call counts");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText text(fastguard::fuzz::chars(data), size);
    const Folded folded = fold(text.view());
    check_steps(text.view(), folded);

    const fastguard::fuzz::ExactText again_text(folded.bytes.get(), folded.size);
    const Folded again = fold(again_text.view());
    require(again.stats.invalid == 0, "folded text is valid UTF-8");
    require(again.view() == folded.view(), "folding folded text changes nothing");

    const std::size_t bound = fastguard::skeleton_bound(folded.size);
    const auto bytes = std::make_unique<char[]>(bound + 64);
    const auto origin = std::make_unique<std::uint32_t[]>(bound + 65);
    const std::size_t written = fastguard::skeleton_of_folded(again_text.view().data(), folded.size,
                                                              folded.origin.get(), bytes.get(), origin.get());
    require(written <= bound, "a skeleton is no longer than skeleton_bound");
    check_map(origin.get(), written, size);
    const fastguard::fuzz::ExactText skeleton(bytes.get(), written);
    require(fold(skeleton.view()).stats.invalid == 0, "a skeleton is valid UTF-8");
    return 0;
}
