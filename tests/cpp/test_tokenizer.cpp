// Tokens are what a walk over the code points gives: maximal runs of word characters, single characters alone.
#include "fastguard/tokenizer.h"

#include "check.h"
#include "fastguard/normalizer.h"
#include "material.h"

namespace {

using fastguard::Token;
using fastguard::TokenClass;
using material::Random;
using std::string;
using std::string_view;

constexpr std::size_t kReadable = 64;

// The hash as the header defines it, over a copy that ends with the token.
// The high and low half of a product, from products of 32 bits, one over the other.
std::uint64_t plain_fold(std::uint64_t a, std::uint64_t b) {
    const std::uint64_t a0 = a & 0xFFFFFFFFU, a1 = a >> 32U, b0 = b & 0xFFFFFFFFU, b1 = b >> 32U;
    const std::uint64_t middle = (a0 * b0 >> 32U) + (a1 * b0 & 0xFFFFFFFFU) + (a0 * b1 & 0xFFFFFFFFU);
    const std::uint64_t high = a1 * b1 + (a1 * b0 >> 32U) + (a0 * b1 >> 32U) + (middle >> 32U);
    return high ^ (a * b);
}

std::uint64_t plain_bytes(string_view bytes) {
    std::uint64_t value = 0;
    for (std::size_t i = std::min<std::size_t>(8, bytes.size()); i-- > 0;) {
        value = value << 8U | static_cast<unsigned char>(bytes[i]);
    }
    return value;
}

// The hash as it is written: eight bytes at a time while more than 16 are left, then the first and the last eight.
std::uint64_t plain_hash(string_view bytes) {
    constexpr std::uint64_t kChunk = 0xD6E8FEB86659FD93U;
    std::uint64_t hash = bytes.size() * 0x9E3779B97F4A7C15U;
    for (; bytes.size() > 16; bytes.remove_prefix(8)) {
        hash = plain_fold(hash ^ plain_bytes(bytes), kChunk);
    }
    const std::uint64_t last = bytes.size() > 8 ? plain_bytes(bytes.substr(bytes.size() - 8)) : 0;
    return plain_fold(hash ^ plain_bytes(bytes), last ^ kChunk);
}

std::vector<Token> plain_tokens(string_view text) {
    std::vector<Token> tokens;
    bool open = false;
    for (const material::Unit& unit : material::units_of(text)) {
        const TokenClass kind = fastguard::token_class(unit.code_point);
        const auto begin = static_cast<std::uint32_t>(unit.begin);
        const auto end = static_cast<std::uint32_t>(unit.begin + unit.size);
        if (kind == TokenClass::word && open) {
            tokens.back().end = end;
        } else if (kind != TokenClass::separator) {
            tokens.push_back({0, begin, end});
        }
        open = kind == TokenClass::word;
    }
    for (Token& token : tokens) {
        token.hash = plain_hash(text.substr(token.begin, token.size()));
    }
    return tokens;
}

std::vector<Token> tokens_of(const fastguard::Kernel& kernel, string_view text, bool ascii) {
    // The tokenizer may read, but not trust, what lies behind the text.
    string padded(text);
    padded.append(kReadable, '\xFF');
    material::Masks masks(text.size());
    fastguard::ByteCounts counts;
    std::vector<char> folded(material::block_room(text.size()));
    kernel.classify(padded.data(), text.size(), folded.data(), masks.masks(), counts);
    std::vector<Token> tokens(fastguard::token_bound(text.size()) + 1, Token{1, 2, 3});
    const std::size_t count =
        fastguard::tokenize(string_view(padded).substr(0, text.size()), masks.masks(), ascii, tokens.data());
    CHECK(count <= fastguard::token_bound(text.size()));
    CHECK_EQUAL(tokens.back().hash, 1U);
    tokens.resize(count);
    return tokens;
}

void check_tokens(string_view text) {
    const std::vector<Token> expected = plain_tokens(text);
    bool ascii = true;
    for (const char c : text) {
        ascii = ascii && static_cast<unsigned char>(c) < 0x80;
    }
    for (const fastguard::Kernel* kernel : fastguard::available_kernels()) {
        for (const bool fast : {false, ascii}) {
            const std::vector<Token> tokens = tokens_of(*kernel, text, fast);
            CHECK_EQUAL(tokens.size(), expected.size());
            for (std::size_t i = 0; i < std::min(tokens.size(), expected.size()); ++i) {
                CHECK_EQUAL(tokens[i].begin, expected[i].begin);
                CHECK_EQUAL(tokens[i].end, expected[i].end);
                CHECK_EQUAL(tokens[i].hash, expected[i].hash);
            }
        }
    }
}

void random_ascii_gives_the_plain_tokens() {
    Random random(1);
    for (std::size_t size = 0; size < 600; ++size) {
        check_tokens(material::random_ascii(random, size));
    }
}

void random_unicode_gives_the_plain_tokens() {
    Random random(2);
    for (int round = 0; round < 3000; ++round) {
        check_tokens(material::random_unicode(random, material::below(random, 120)));
    }
}

void runs_across_blocks_are_one_token() {
    for (std::size_t before = 0; before < 70; ++before) {
        for (const std::size_t length : {1U, 7U, 8U, 9U, 63U, 64U, 65U, 200U, 1000U}) {
            check_tokens(string(before, ' ') + string(length, 'x') + " y");
            check_tokens(string(before, ' ') + string(length, 'x'));
            check_tokens(string(before, '-') + string(length, 'x') + "\u00E9" + string(length, 'z'));
        }
    }
}

void most_tokens_a_text_can_have_fit_the_bound() {
    string letters, han, mixed;
    for (int i = 0; i < 500; ++i) {
        letters += i % 2 == 0 ? 'a' : ' ';
        han += "\u5FFD";
        mixed += "a\u5FFD";
        check_tokens(letters);
        check_tokens(han);
        check_tokens(mixed);
    }
}

void words_of_every_script_are_tokens() {
    const struct {
        string_view text;
        std::vector<string_view> tokens;
    } cases[] = {
        {"", {}},
        {" ", {}},
        {"don't x_1", {"don", "t", "x", "1"}},
        {"\u5FFD\u7565 all", {"\u5FFD", "\u7565", "all"}},
        {"abc\u5FFDdef", {"abc", "\u5FFD", "def"}},
        {"\u0E44\u0E17\u0E22", {"\u0E44", "\u0E17", "\u0E22"}},
        {"\u0928\u092E\u0938\u094D\u0924\u0947 x", {"\u0928\u092E\u0938\u094D\u0924\u0947", "x"}},
        {"\uBB34\uC2DC \uD558", {"\uBB34\uC2DC", "\uD558"}},
        {"\u30FC\u3042", {"\u30FC", "\u3042"}},
        {"a\u2014b\u00A7c", {"a", "b", "c"}},
        {"\U0001F600x\U0001F600", {"x"}},
        {string_view("a\0b", 3), {"a", "b"}},
    };
    for (const auto& one : cases) {
        check_tokens(one.text);
        const std::vector<Token> tokens = plain_tokens(one.text);
        CHECK_EQUAL(tokens.size(), one.tokens.size());
        for (std::size_t i = 0; i < std::min(tokens.size(), one.tokens.size()); ++i) {
            CHECK_EQUAL(one.text.substr(tokens[i].begin, tokens[i].size()), one.tokens[i]);
        }
    }
}

void a_hash_depends_on_the_bytes_of_the_token_alone() {
    Random random(3);
    for (std::size_t size = 1; size < 200; ++size) {
        const string bytes = material::random_bytes(random, size);
        for (const char behind : {'\0', 'x', '\xFF'}) {
            CHECK_EQUAL(fastguard::hash_bytes((bytes + string(8, behind)).data(), size), plain_hash(bytes));
        }
    }
}

}  // namespace

int main() {
    random_ascii_gives_the_plain_tokens();
    random_unicode_gives_the_plain_tokens();
    runs_across_blocks_are_one_token();
    most_tokens_a_text_can_have_fit_the_bound();
    words_of_every_script_are_tokens();
    a_hash_depends_on_the_bytes_of_the_token_alone();
    return check::result();
}
