// Decoders to the greatest depth: children within the budget, their bytes carried by bytes of the text, the same twice.
#include "fastguard/decoders.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using fastguard::fuzz::require;

struct Said {
    std::string text;
    fastguard::ViewKind kind;
    bool operator==(const Said&) const = default;
};

std::vector<Said> decode_all(std::string_view text) {
    fastguard::ReadingScratch scratch;
    fastguard::Reading reading;
    fastguard::Segment segment;
    fastguard::Children children;
    segment.raw = text;
    children.reset(text.size());
    read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    decode(reading, children);
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (children[i].depth < fastguard::kMaxDepth) {
            const std::string_view said = children.text(i);
            const fastguard::fuzz::ExactText copy(said.data(), said.size());
            segment.raw = copy.view();
            read_segment(segment, fastguard::WordTables::none(), scratch, reading);
            children.read_child(i);
            decode(reading, children);
        }
    }
    std::vector<Said> all;
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < children.size(); ++i) {
        const std::string_view said = children.text(i);
        require(!said.empty(), "a child says something");
        require(children[i].depth >= 1 && children[i].depth <= fastguard::kMaxDepth, "no child is too deep");
        for (std::size_t at = 0; at < said.size(); ++at) {
            const fastguard::Origin origin = children.origin(i, at, at + 1);
            require(origin.begin < origin.end && origin.end <= text.size(),
                    "each byte was carried by bytes of the text");
        }
        bytes += said.size();
        all.push_back({std::string(said), children[i].kind});
    }
    require(bytes <= std::max(fastguard::kDecodedFactor * text.size(), fastguard::kLeastDecoded), "within the budget");
    return all;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText text(fastguard::fuzz::chars(data), size);
    require(decode_all(text.view()) == decode_all(text.view()), "the same text says the same");
    return 0;
}
