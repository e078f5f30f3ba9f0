// Links: in the text, apart and in order, the same twice; hosts within their bounds, read again as they were read; what
// is reported lies in the text.
#include "fastguard/links.h"
#include "fastguard/reading.h"

#include "fuzz_input.h"
#include "links/finder.h"
#include "links/host.h"
#include "links/suffixes.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace {

using fastguard::fuzz::require;
using fastguard::links::Host;
using fastguard::links::Link;

void check_link(const Link& link, std::size_t size) {
    require(link.begin < link.end && link.end <= size, "a link is a part of the text");
    require(link.end - link.begin <= fastguard::links::kMostLink, "no link is longer than that");
    require(link.user_begin <= link.user_end && link.user_end <= link.end, "the user is a part of the link");
    require(link.host_begin >= link.begin && link.host_begin <= link.host_end && link.host_end <= link.end,
            "the host is a part of the link");
    require(link.path >= link.host_end && link.path <= link.end, "the path follows the host");
}

void check_host(std::string_view written) {
    const fastguard::fuzz::ExactText exact(written.data(), written.size());
    Host host;
    if (!read_host(exact.view(), host)) {
        return;
    }
    require(host.size > 0 && host.size <= Host::kMost, "a host has a name");
    require(host.suffix <= host.size && host.site <= host.size, "its parts are parts of it");
    const fastguard::links::Suffix suffix = fastguard::links::public_suffix(host.name());
    require(suffix.size <= host.size, "so is its suffix");
    // Addresses are named in another form than they are written; what is left of percent signs would be undone again.
    Host again;
    if (host.kind == fastguard::links::HostKind::name && host.name().find('%') == std::string_view::npos) {
        require(read_host(host.name(), again), "what was read is a host");
        require(again.name() == host.name(), "and reads the same");
    }
}

void check_text(std::string_view text) {
    fastguard::ReadingScratch scratch;
    fastguard::Reading reading;
    fastguard::Segment segment;
    segment.raw = text;
    read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    const std::string_view folded = reading.folded.bytes;
    std::array<Link, 64> found;
    bool truncated = false;
    const std::size_t count = find_links(folded, reading.folded_masks, found, truncated);
    require(count <= found.size(), "no more than there is room");
    std::uint32_t behind = 0;
    for (std::size_t i = 0; i < count; ++i) {
        check_link(found[i], folded.size());
        require(found[i].begin >= behind, "links are apart and in order");
        behind = found[i].end;
        check_host(folded.substr(found[i].host_begin, found[i].host_end - found[i].host_begin));
    }
    std::array<Link, 1> one;
    bool more = false;
    require(find_links(folded, reading.folded_masks, one, more) == std::min<std::size_t>(count, 1),
            "less room gives the first ones");
    require(count < 2 || more, "and says that there are more");
    const std::vector<std::string> own = {"example.org", "bank.example"};
    const fastguard::CallerHosts hosts(own);
    for (const fastguard::LinkReport& report : report_links(reading, hosts)) {
        require(report.begin < report.end && report.end <= folded.size(), "what is reported is a part of the text");
        require(report.traits >> fastguard::kLinkTraits.size() == 0, "its traits are known ones");
        require(report.score >= 0.0F && report.score <= 1.0F, "its score is a probability");
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const fastguard::fuzz::ExactText text(fastguard::fuzz::chars(data), size);
    check_text(text.view());
    check_host(text.view().substr(0, 300));
    const Link first = fastguard::links::first_link(text.view().substr(0, 300));
    require(first.end <= size, "the first link is a part of the text");
    return 0;
}
