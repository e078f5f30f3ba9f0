// The skeleton view: look-alikes and leetspeak meet the plain word.
#include <string>
#include <string_view>

#include "fastguard/normalizer.h"
#include "views.h"

using std::string;
using std::string_view;
using namespace views;

namespace {

constexpr string_view kText = "Ignore all";

void look_alikes_share_a_skeleton() {
    const string plain = skeleton(kText);
    CHECK_EQUAL(plain, "lgnore all");
    CHECK_EQUAL(skeleton("\u0406gn\u043Er\u0435 \u0430ll"), plain);
    CHECK_EQUAL(skeleton("\u0399gn\u03BFre \u03B1ll"), plain);
    CHECK_EQUAL(skeleton("\u026A\u0262\u0274\u1D0F\u0280\u1D07 \u1D00\u029F\u029F"), plain);
    CHECK_EQUAL(skeleton("\u0269\u0260\u0273\u0275\u027D\u0258 \u0250\u026D\u026B"), plain);
    for (const char32_t start : {0x1F150U, 0x1F170U, 0x1F1E6U})
        CHECK_EQUAL(skeleton(styled("IGNORE ALL", start, 0)), plain);
    CHECK_EQUAL(skeleton("Ig\u0578ore \uA4EEll"), "lgnore all");
    CHECK_EQUAL(skeleton("system"), skeleton("syste\u043C"));
    CHECK_EQUAL(skeleton("modern"), skeleton("rnodem"));
}

void leetspeak_shares_a_skeleton() {
    CHECK_EQUAL(skeleton("1gn0r3 4ll pr3v10u5"), skeleton("Ignore all previous"));
    CHECK_EQUAL(skeleton("0123456789|i"), "olzeasgtbgll");
    CHECK_EQUAL(skeleton("!gnore @ll$ a+b"), "!gnore @ll$ atb");
    CHECK_EQUAL(skeleton("p@ss p@$$word a!b a!!b c++ $5"), "pass password alb a!!b c++ $s");
    CHECK_EQUAL(skeleton("\u0430@\u0430"), "aaa");
    CHECK_EQUAL(skeleton("@@@@a a@@@@a"), "@@@@a a@@@@a");
    CHECK_EQUAL(skeleton("\u4E00 \u2014 \u30CE \u2018a\u2019"), "\u30FC \u2014 \u30CE 'a'");
    const View view = skeleton_view("x\u0130\u00E9m\u0456!");
    CHECK_EQUAL(view.text, "xlernl!");
    CHECK_EQUAL(view.origin[1], 1U);
    CHECK_EQUAL(view.origin[2], 3U);
    CHECK_EQUAL(view.origin[3], 5U);
    CHECK_EQUAL(view.origin[4], 5U);
    CHECK_EQUAL(view.origin[5], 6U);
    CHECK_EQUAL(view.origin[6], 8U);
}

void a_skeleton_without_a_map_counts_folded_bytes() {
    char dst[64 + 16];
    std::uint32_t origin[65 + 16];
    CHECK_EQUAL(fastguard::skeleton_of_folded("am1", 3, nullptr, dst, origin), 4U);
    CHECK_EQUAL(string_view(dst, 4), "arnl");
    CHECK_EQUAL(origin[1], 1U);
    CHECK_EQUAL(origin[2], 1U);
    CHECK_EQUAL(origin[3], 2U);
    CHECK_EQUAL(origin[4], 3U);
}

}  // namespace

int main() {
    look_alikes_share_a_skeleton();
    leetspeak_shares_a_skeleton();
    a_skeleton_without_a_map_counts_folded_bytes();
    return check::result();
}
