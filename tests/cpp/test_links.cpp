// Links and hosts: where they stand, how a browser reads them, which part is a public suffix.
#include "check.h"
#include "fastguard/reading.h"
#include "links/finder.h"
#include "links/host.h"
#include "links/suffixes.h"

#include <array>
#include <string>
#include <vector>

namespace {

using fastguard::links::Host;
using fastguard::links::HostKind;
using fastguard::links::Link;

std::vector<std::string> links_of(std::string_view text, std::size_t room = 16) {
    std::string padded(text);
    padded.resize(text.size() + fastguard::kViewPadding);
    fastguard::ReadingScratch scratch;
    fastguard::Reading reading;
    fastguard::Segment segment;
    segment.raw = std::string_view(padded).substr(0, text.size());
    read_segment(segment, fastguard::WordTables::none(), scratch, reading);
    std::vector<Link> found(room);
    bool truncated = false;
    found.resize(find_links(reading.folded.bytes, reading.folded_masks, found, truncated));
    std::vector<std::string> texts;
    texts.reserve(found.size());
    for (const Link& link : found) {
        texts.emplace_back(reading.folded.bytes.substr(link.begin, link.end - link.begin));
    }
    return texts;
}

std::string joined(const std::vector<std::string>& all) {
    std::string text;
    for (const std::string& one : all) text += (text.empty() ? "" : " | ") + one;
    return text;
}

std::string host_of(std::string_view written) {
    Host host;
    return read_host(written, host) ? std::string(host.name()) : "none";
}

HostKind kind_of(std::string_view written) {
    Host host;
    return read_host(written, host) ? host.kind : HostKind::name;
}

std::string site_of(std::string_view written) {
    Host host;
    return read_host(written, host) ? std::string(host.registrable()) : "none";
}

void links_stand_where_they_are_written() {
    CHECK_EQUAL(joined(links_of("see https://example.org/a?b=1, or not")), "https://example.org/a?b=1");
    CHECK_EQUAL(joined(links_of("hxxps://evil[.]example/x and ftp://files.example.org/")),
                "hxxps://evil[.]example/x | ftp://files.example.org/");
    CHECK_EQUAL(joined(links_of("www.example.org is down")), "www.example.org");
    CHECK_EQUAL(joined(links_of("at 12:30 we met; the file is main.py. Fine.")), "");
    CHECK_EQUAL(joined(links_of("")), "");
    CHECK_EQUAL(links_of("https://a.example/ https://b.example/ https://c.example/", 2).size(), 2U);
}

void hosts_are_read_as_browsers_read_them() {
    CHECK_EQUAL(host_of("example.org."), "example.org");
    CHECK_EQUAL(host_of("ex%61mple.org"), "example.org");
    CHECK_EQUAL(host_of(""), "none");
    CHECK_EQUAL(host_of(std::string(300, 'a')), "none");
    CHECK_EQUAL(kind_of("192.0.2.7"), HostKind::ipv4);
    CHECK_EQUAL(kind_of("3221225991"), HostKind::ipv4_number);
    CHECK_EQUAL(kind_of("0xc0000207"), HostKind::ipv4_number);
    CHECK_EQUAL(kind_of("[2001:db8::1]"), HostKind::ipv6);
    CHECK_EQUAL(kind_of("[::ffff:192.0.2.7]"), HostKind::ipv6_mapped);
}

void the_public_suffix_is_that_of_the_list() {
    CHECK_EQUAL(fastguard::links::public_suffix("www.example.co.uk").size, 5U);
    CHECK_EQUAL(fastguard::links::public_suffix("com").size, 3U);
    CHECK_EQUAL(fastguard::links::public_suffix("").size, 0U);
    CHECK_EQUAL(fastguard::links::public_suffix("name.github.io").private_rule, true);
    CHECK_EQUAL(site_of("a.b.example.co.uk"), "example.co.uk");
    CHECK_EQUAL(site_of("pages.name.github.io"), "name.github.io");
}

}  // namespace

int main() {
    links_stand_where_they_are_written();
    hosts_are_read_as_browsers_read_them();
    the_public_suffix_is_that_of_the_list();
    return check::result();
}
