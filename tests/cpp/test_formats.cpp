// What a format matches, the small table lets through, and it rules out most of what none does.
#include "fastguard/formats.h"

#include "check.h"
#include "material.h"

#include <string>

namespace {

using fastguard::FormatTable;
using material::Random;

FormatTable table() {
    FormatTable formats;
    std::uint32_t tag = 0;
    for (const char* format : {"9{3}_9{2}_9{4}", "A{2}9{6}[abcd]", "[1-9]9{10}", "[0-3]9.[01]9.[12]9{3}"}) {
        formats.add(tag++, format);
    }
    formats.finish();
    return formats;
}

void test_nothing_is_lost() {
    const FormatTable formats = table();
    Random random(3);
    std::size_t matched = 0;
    for (int round = 0; round < 200'000; ++round) {
        constexpr std::string_view kBytes = "0123456789ABDXaz.-/ ";
        std::string text = round % 4 == 0   ? "123-45-6789"
                           : round % 4 == 1 ? "AB123456C"
                           : round % 4 == 2 ? "12345678901"
                                            : "";
        for (std::size_t n = random() % 4; n > 0 && !text.empty(); --n) {
            text[random() % text.size()] = kBytes[random() % kBytes.size()];
        }
        for (std::size_t n = random() % 14; n > 0; --n) {
            text += kBytes[random() % kBytes.size()];
        }
        formats.match(text, 0, [&](std::size_t end, auto) {
            ++matched;
            CHECK(formats.may_match(text, 0, [end](std::size_t at) { return at == end; }));
        });
    }
    CHECK(matched > 10'000);
}

void test_ruled_out() {
    const FormatTable formats = table();
    const auto any = [](std::size_t) { return true; };
    for (const char* text : {"", "7", "12 days", "2026", "12.", "AB", "123-456-789", "x12345678901"}) {
        CHECK(!formats.may_match(text, 0, any));
    }
    CHECK(formats.may_match("99.99.9999", 0, any));  // digits are not told apart
    CHECK(!FormatTable().may_match("123", 0, any));
}

}  // namespace

int main() {
    test_nothing_is_lost();
    test_ruled_out();
    return check::result();
}
