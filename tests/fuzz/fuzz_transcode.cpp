// From strings of 1, 2 and 4 byte units to UTF-8: valid, as long as promised, and back to the same code points.
#include "fastguard/transcode.h"

#include "fuzz_input.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

// Decodes what is known to be well formed; anything else ends the process.
std::vector<std::uint32_t> decode(std::string_view text) {
    std::vector<std::uint32_t> units;
    for (std::size_t i = 0; i < text.size();) {
        const auto lead = static_cast<std::uint8_t>(text[i]);
        const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        require(i + length <= text.size() && (lead < 0x80 || lead >= 0xC2), "UTF-8 is whole");
        std::uint32_t unit = length == 1 ? lead : lead & (0x7FU >> length);
        for (std::size_t k = 1; k < length; ++k) {
            const auto byte = static_cast<std::uint8_t>(text[i + k]);
            require((byte & 0xC0U) == 0x80U, "UTF-8 goes on as it must");
            unit = (unit << 6U) | (byte & 0x3FU);
        }
        units.push_back(unit);
        i += length;
    }
    return units;
}

bool is_surrogate(std::uint32_t unit) { return unit >= 0xD800 && unit <= 0xDFFF; }

template <class Unit, class Write>
void check(const std::uint8_t* data, std::size_t size, std::size_t longest, Write write) {
    const std::size_t count = size / sizeof(Unit);
    const auto source = std::make_unique<Unit[]>(count);
    std::memcpy(source.get(), data, count * sizeof(Unit));
    const auto room = std::make_unique<char[]>(longest * count + fastguard::kTranscodeSlack);
    const std::size_t written = write(source.get(), count, room.get());
    require(written <= longest * count, "the result fits its bound");
    const std::string_view text(room.get(), written);
    const std::vector<std::uint32_t> units = decode(text);
    require(units.size() == count && fastguard::count_code_points(text) == count, "one character for each unit");
    std::size_t utf16 = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::uint32_t unit = source[i];
        require(units[i] == (is_surrogate(unit) || unit > 0x10FFFF ? 0xFFFD : unit), "each character is its unit");
        utf16 += units[i] > 0xFFFF ? 2U : 1U;
    }
    require(fastguard::count_utf16_units(text) == utf16, "UTF-16 units are counted");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    check<std::uint8_t>(data, size, 2, [](const std::uint8_t* source, std::size_t count, char* out) {
        return fastguard::utf8_from_latin1(source, count, out);
    });
    check<std::uint16_t>(data, size, 3, [](const std::uint16_t* source, std::size_t count, char* out) {
        std::size_t surrogates = 0;
        const std::size_t written = fastguard::utf8_from_ucs2(source, count, out, surrogates);
        require(surrogates == static_cast<std::size_t>(std::count_if(source, source + count, is_surrogate)),
                "surrogates are counted");
        return written;
    });
    check<std::uint32_t>(data, size, 4, [](const std::uint32_t* source, std::size_t count, char* out) {
        std::size_t surrogates = 0;
        return fastguard::utf8_from_ucs4(source, count, out, surrogates);
    });
    const fastguard::fuzz::ExactText exact(fastguard::fuzz::chars(data), size);
    require(fastguard::count_code_points(exact.view()) <= size, "there are no more characters than bytes");
    require(fastguard::count_utf16_units(exact.view()) >= fastguard::count_code_points(exact.view()),
            "a character is at least one UTF-16 unit");
    return 0;
}
