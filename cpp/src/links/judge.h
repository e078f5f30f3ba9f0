// What is wrong with one link.
#pragma once

#include "brands.h"
#include "fastguard/links.h"
#include "score.h"

#include <span>
#include <string>
#include <string_view>

namespace fastguard {

struct CallerHosts::Impl {
    std::vector<std::string> allowed;
    links::Brands brands;
};

}  // namespace fastguard

namespace fastguard::links {

[[nodiscard]] constexpr std::uint32_t trait_bit(LinkTrait trait) noexcept {
    return std::uint32_t{1} << static_cast<unsigned>(trait);
}

// A link as it was judged. `brand`: of Brands::known(), -1 for none.
struct Judgement {
    Host host;
    std::uint32_t traits = 0;
    int brand = -1;
    float score = 0.0F;
    ScoreFeatures features;
};

// Judges `link` of the folded view of `reading`. False where it is nobody's host to judge (localhost, a private
// address). O(link), and brands of a few lengths. Throws std::bad_alloc.
bool judge(const Reading& reading, const Link& link, const CallerHosts::Impl& caller, SkeletonScratch& scratch,
           Judgement& judgement);

}  // namespace fastguard::links
