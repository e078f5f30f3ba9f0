#include "fastguard/links.h"

#include "fastguard/error.h"
#include "fastguard/types.h"
#include "finder.h"
#include "judge.h"

#include <algorithm>

namespace fastguard {
namespace {

constexpr std::size_t kMostLinks = 2048;  // of one view of a segment

}  // namespace

CallerHosts::CallerHosts(std::span<const std::string> allowed)
    : impl_(std::make_unique<Impl>(Impl{{allowed.begin(), allowed.end()}, links::Brands(allowed)})) {}
CallerHosts::CallerHosts(CallerHosts&&) noexcept = default;
CallerHosts& CallerHosts::operator=(CallerHosts&&) noexcept = default;
CallerHosts::~CallerHosts() = default;

void Links::add(std::uint32_t signature, std::span<const std::string> traits,
                std::span<const std::string> folded_context, bool needs_context) {
    std::uint32_t bits = 0;
    for (const std::string& name : traits) {
        const auto trait = index_of(kLinkTraits, name);
        if (!trait) throw BuildError("no link has the trait '" + name + "'", "", "traits");
        bits |= std::uint32_t{1} << *trait;
    }
    const ConceptId context = folded_context.empty() ? ConceptId{0} : words_.add(folded_context);
    entries_.push_back({signature, bits, context, !folded_context.empty(), needs_context});
}

void Links::finish() {
    words_.finish();
    (void)links::Brands::known();
}

std::size_t Links::find(const Reading& reading, const CallerHosts& hosts, std::span<const std::uint8_t> sources,
                        std::uint8_t source_bit, LinkScratch& scratch, ContextScratch& context,
                        std::span<LinkMatch> out, bool& truncated) const {
    const std::string_view text = reading.folded.bytes;
    if (text.empty()) return 0;
    links::Link* found = scratch.links.reserve(kMostLinks);
    const std::size_t count = links::find_links(text, reading.folded_masks, {found, kMostLinks}, truncated);
    std::size_t written = 0;
    if (count != 0) context.reset();
    for (const links::Link& link : std::span(found, count)) {
        links::Judgement judgement;
        if (!links::judge(reading, link, hosts.impl(), scratch.skeletons, judgement)) continue;
        for (const Entry& entry : entries_) {
            if ((entry.traits & judgement.traits) == 0 || (sources[entry.signature] & source_bit) == 0) continue;
            const bool supported = entry.has_context && words_.distance(reading, entry.context, link.begin, link.end,
                                                                        kBefore, kAfter, context) != ContextWords::kFar;
            if (entry.needs_context && !supported) continue;
            if (written == out.size()) {
                truncated = true;
                return written;
            }
            out[written++] = {entry.signature, link.begin, link.end, supported};
        }
    }
    return written;
}

std::vector<LinkReport> report_links(const Reading& reading, const CallerHosts& hosts) {
    LinkScratch scratch;
    bool truncated = false;
    links::Link* found = scratch.links.reserve(kMostLinks);
    const std::size_t count =
        links::find_links(reading.folded.bytes, reading.folded_masks, {found, kMostLinks}, truncated);
    std::vector<LinkReport> reports;
    for (const links::Link& link : std::span(found, count)) {
        links::Judgement judged;
        if (!links::judge(reading, link, hosts.impl(), scratch.skeletons, judged)) continue;
        LinkReport report;
        report.begin = link.begin;
        report.end = link.end;
        report.host = judged.host.name();
        report.site = judged.host.registrable();
        report.suffix = judged.host.suffix_name();
        if (judged.brand >= 0) report.brand = links::Brands::known()[static_cast<std::size_t>(judged.brand)].label;
        report.traits = judged.traits;
        report.score = judged.score;
        const links::ScoreFeatures& features = judged.features;
        report.dense.assign(features.dense.begin(), features.dense.end());
        report.ids.assign(features.ids.begin(), features.ids.begin() + static_cast<std::ptrdiff_t>(features.count));
        reports.push_back(std::move(report));
    }
    return reports;
}

}  // namespace fastguard
