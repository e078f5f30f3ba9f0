// The whole check with a small pack and gate: places of findings as promised, the same answer for the same text in
// every representation, from a used scratch as from a fresh one.
#include "fastguard/engine.h"
#include "fastguard/transcode.h"

#include "fuzz_input.h"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using fastguard::fuzz::require;

constexpr std::uint8_t view_bit(fastguard::ViewKind view) {
    return static_cast<std::uint8_t>(1U << static_cast<unsigned>(view));
}

std::vector<fastguard::SignatureSpec> signatures() {
    constexpr std::uint8_t kRaw = view_bit(fastguard::ViewKind::raw);
    constexpr std::uint8_t kFolded = view_bit(fastguard::ViewKind::folded);
    constexpr std::uint8_t kSkeleton = view_bit(fastguard::ViewKind::skeleton);
    std::vector<fastguard::SignatureSpec> all(4);
    all[0].id = "custom.fuzz.key";
    all[0].pattern = R"(\bAKIA[0-9A-Z]{4}\b)";
    all[0].views = kRaw;
    all[1].id = "custom.fuzz.password";
    all[1].pattern = R"(password\s*[=:]\s*\S{4,12})";
    all[1].views = kFolded;
    all[1].keep_value = true;
    all[2].id = "custom.fuzz.ignore";
    all[2].kind = fastguard::SignatureKind::phrase;
    all[2].slots = {"verb", "noun"};
    all[2].within = 6;
    all[2].unless = {"negation"};
    all[2].views = kFolded | kSkeleton;
    all[3].id = "custom.fuzz.email";
    all[3].kind = fastguard::SignatureKind::candidate;
    all[3].candidate = "email";
    all[3].validators = {"email"};
    all[3].views = kRaw | kFolded;
    return all;
}

const fastguard::Engine& engine() {
    static const fastguard::Engine kEngine = [] {
        const fastguard::Concepts concepts = {{"verb", {"ignore", "vergiss", "忘"}},
                                              {"noun", {"instruct*", "anweisung*", "指示", "rules"}},
                                              {"negation", {"not"}}};
        std::vector<std::int16_t> table(fastguard::kGateBuckets * fastguard::kGateLabels);
        for (std::size_t i = fastguard::kGateLabels; i < table.size(); ++i) {
            table[i] = static_cast<std::int16_t>((i * 40503U) % 2001U - 1000U);
        }
        fastguard::Label label;
        label.name = "fuzz";
        label.category = 0;
        label.low = 0.3F;
        label.high = 0.7F;
        return fastguard::Engine(
            std::make_shared<const fastguard::Pack>(signatures(), concepts), fastguard::Policy{},
            std::make_shared<const fastguard::Gate>(std::move(table), std::vector<fastguard::Label>{label}, 0.001F));
    }();
    return kEngine;
}

fastguard::CheckResult check(const fastguard::Text& text, fastguard::Scratch& scratch) {
    fastguard::CheckResult result;
    engine().check(text, 0, scratch, result);
    if (result.undecided) {
        engine().decide_without_model(0, result);
    }
    return result;
}

bool same_but_bytes(const fastguard::Finding& one, const fastguard::Finding& other) {
    return one.signature == other.signature && one.view == other.view &&
           one.begin.code_point == other.begin.code_point && one.end.code_point == other.end.code_point &&
           one.begin.utf16 == other.begin.utf16 && one.end.utf16 == other.end.utf16;
}

void check_places(const fastguard::CheckResult& result, std::string_view text) {
    const std::size_t code_points = fastguard::count_code_points(text);
    for (const fastguard::Finding& finding : result.findings) {
        require(finding.begin.byte < finding.end.byte && finding.end.byte <= text.size(), "findings lie in the text");
        require(finding.end.code_point <= code_points, "findings lie in the text in code points");
        require(fastguard::count_code_points(text.substr(0, finding.begin.byte)) == finding.begin.code_point &&
                    fastguard::count_code_points(text.substr(0, finding.end.byte)) == finding.end.code_point,
                "bytes and code points name the same place");
        require(fastguard::count_utf16_units(text.substr(0, finding.end.byte)) == finding.end.utf16,
                "bytes and UTF-16 units name the same place");
    }
}

// Behind filler that ends near the border of two segments the text has the findings that it has alone.
void check_at_border(std::string_view text, const fastguard::CheckResult& alone, std::size_t shift) {
    std::string shifted(fastguard::kSegmentBytes - text.size() - 16 + shift, ' ');
    for (std::size_t i = 0; i + 1 < shifted.size(); i += 2) {
        shifted[i] = 'x';
    }
    shifted += ' ';
    const std::size_t before = shifted.size();
    shifted += text;
    const fastguard::CheckResult result = check(fastguard::Text::utf8(shifted), fastguard::thread_scratch());
    require(result.findings.size() == alone.findings.size(), "a border between segments hides and doubles nothing");
    for (std::size_t i = 0; i < result.findings.size(); ++i) {
        const fastguard::Finding& finding = result.findings[i];
        require(finding.signature == alone.findings[i].signature &&
                    finding.begin.byte == alone.findings[i].begin.byte + before &&
                    finding.end.byte == alone.findings[i].end.byte + before &&
                    finding.begin.code_point == alone.findings[i].begin.code_point + before,
                "a border between segments moves nothing");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText exact(fastguard::fuzz::chars(data), size);
    fastguard::Scratch& used = fastguard::thread_scratch();
    const fastguard::CheckResult result = check(fastguard::Text::utf8(exact.view()), used);
    require(result.degraded == 0 || result.has(fastguard::Degraded::model), "nothing but the model is missing");
    check_places(result, exact.view());

    fastguard::Scratch fresh;
    const fastguard::CheckResult again = check(fastguard::Text::utf8(exact.view()), fresh);
    require(again.findings == result.findings && again.score == result.score && again.action == result.action,
            "a fresh scratch gives the same answer");

    if (size > 1 && size <= 1024 && data[0] % 4 == 0) {
        check_at_border(exact.view(), result, data[1] * size / 128);
    }

    // The same bytes as Latin-1 characters, and those as UTF-8 and as wider units: three answers to one text.
    const std::vector<std::uint16_t> ucs2(data, data + size);
    const std::vector<std::uint32_t> ucs4(data, data + size);
    std::string utf8(2 * size + fastguard::kTranscodeSlack, '\0');
    utf8.resize(fastguard::utf8_from_latin1(data, size, utf8.data()));
    const fastguard::CheckResult of_bytes = check(fastguard::Text::utf8(utf8), used);
    for (const fastguard::Text& text : {fastguard::Text{fastguard::TextKind::latin1, data, size},
                                        fastguard::Text{fastguard::TextKind::ucs2, ucs2.data(), size},
                                        fastguard::Text{fastguard::TextKind::ucs4, ucs4.data(), size}}) {
        const fastguard::CheckResult other = check(text, used);
        require(other.findings.size() == of_bytes.findings.size() && other.score == of_bytes.score,
                "every representation of a text gets the same answer");
        for (std::size_t i = 0; i < other.findings.size(); ++i) {
            require(same_but_bytes(other.findings[i], of_bytes.findings[i]) &&
                        other.findings[i].begin.byte == of_bytes.findings[i].begin.byte,
                    "every representation of a text gets the same places");
        }
    }
    return 0;
}
