// `SignatureSpec` and `Pack`.
#include "register.h"

#include "fastguard/pack.h"

#if defined(__GLIBC__)
#include <malloc.h>
#endif

namespace py = pybind11;

namespace fastguard::python {
namespace {

using Strings = std::vector<std::string>;

std::uint8_t source_bits(const Strings& sources, const std::string& id) {
    std::uint8_t bits = 0;
    for (const std::string& source : sources) {
        bits = static_cast<std::uint8_t>(bits | 1U << index_in(kSources, source, id, "sources"));
    }
    return sources.empty() ? kAllSources : bits;
}

SignatureSpec make_spec(const std::string& id, const std::string& category, const std::string& severity, int tier,
                        const std::string& kind, const Strings& views, const std::string& summary, const Strings& atlas,
                        const Strings& owasp, const Strings& cwe, const Strings& sources, bool enabled, bool mention,
                        bool fallback, const std::string& pattern, const Strings& validators, double entropy,
                        bool keep_value, const Strings& slots, int within, bool ordered, const Strings& unless,
                        const std::string& candidate, const Strings& formats, const Strings& context,
                        bool needs_context) {
    if (tier < 1 || tier > 3) {
        throw BuildError("tier must be 1, 2 or 3", id, "tier");
    }
    if (within < 0 || within > static_cast<int>(kMaxWithin)) {
        throw BuildError("within must be 0 to " + std::to_string(kMaxWithin), id, "within");
    }
    SignatureSpec spec;
    spec.id = id;
    spec.summary = summary;
    spec.category = index_in(kCategories, category, id, "category");
    spec.severity = index_in(kSeverities, severity, id, "severity");
    spec.tier = static_cast<std::uint8_t>(tier);
    spec.kind = static_cast<SignatureKind>(index_in(kSignatureKinds, kind, id, "kind"));
    for (const std::string& view : views) {
        spec.views = static_cast<std::uint8_t>(spec.views | 1U << index_in(kSignatureViewNames, view, id, "views"));
    }
    spec.sources = source_bits(sources, id);
    spec.enabled = enabled;
    spec.mention = mention;
    spec.fallback = fallback;
    spec.atlas = atlas;
    spec.owasp = owasp;
    spec.cwe = cwe;
    spec.pattern = pattern;
    spec.validators = validators;
    spec.entropy = entropy;
    spec.keep_value = keep_value;
    spec.slots = slots;
    spec.within = static_cast<std::uint32_t>(within);
    spec.ordered = ordered;
    spec.unless = unless;
    spec.candidate = candidate;
    spec.formats = formats;
    spec.context = context;
    spec.needs_context = needs_context;
    return spec;
}

// Compiling takes tens of megabytes that are free afterwards, in pieces that the C library keeps.
void give_back_free_memory() noexcept {
#if defined(__GLIBC__)
    malloc_trim(0);
#endif
}

std::shared_ptr<Pack> build(const std::vector<SignatureSpec>& signatures, const py::dict& concepts,
                            const std::optional<py::buffer>& databases) {
    Concepts lists;
    for (const auto& [name, entries] : concepts) {
        lists.emplace_back(name.cast<std::string>(), entries.cast<Strings>());
    }
    if (!databases) {
        const py::gil_scoped_release release;
        auto pack = std::make_shared<Pack>(signatures, lists);
        give_back_free_memory();
        return pack;
    }
    const py::buffer_info bytes = databases->request();
    if (bytes.itemsize != 1 || bytes.ndim != 1 || bytes.strides[0] != 1) {
        throw py::type_error("databases: expected contiguous bytes");
    }
    const py::gil_scoped_release release;
    auto pack = std::make_shared<Pack>(
        signatures, lists, std::string_view(static_cast<const char*>(bytes.ptr), static_cast<std::size_t>(bytes.size)));
    give_back_free_memory();
    return pack;
}

}  // namespace

void register_pack(py::module_& module) {
    py::class_<SignatureSpec>(module, "SignatureSpec", "One signature as the loader hands it to the engine.")
        .def(py::init(&make_spec), py::kw_only(), py::arg("id"), py::arg("category"), py::arg("severity"),
             py::arg("tier"), py::arg("kind"), py::arg("views"), py::arg("summary") = "", py::arg("atlas") = Strings(),
             py::arg("owasp") = Strings(), py::arg("cwe") = Strings(), py::arg("sources") = Strings(),
             py::arg("enabled") = true, py::arg("mention") = false, py::arg("fallback") = false,
             py::arg("pattern") = "", py::arg("validators") = Strings(), py::arg("entropy") = 0.0,
             py::arg("keep_value") = false, py::arg("slots") = Strings(), py::arg("within") = 0,
             py::arg("ordered") = false, py::arg("unless") = Strings(), py::arg("candidate") = "",
             py::arg("formats") = Strings(), py::arg("context") = Strings(), py::arg("needs_context") = false)
        .def_readonly("id", &SignatureSpec::id);

    py::class_<Pack, std::shared_ptr<Pack>>(module, "Pack", "Compiled signatures; immutable, shared by all threads.")
        .def_static("build", &build, py::arg("signatures"), py::arg("concepts"), py::arg("databases") = py::none(),
                    "Compile, or load what `databases()` gave for the same signatures on the same engine.")
        .def("databases",
             [](const Pack& pack) {
                 const std::string bytes = pack.databases();
                 return py::bytes(bytes);
             })
        .def_property_readonly("signatures",
                               [](const Pack& pack) {
                                   py::tuple ids(pack.signatures().size());
                                   for (std::size_t i = 0; i < pack.signatures().size(); ++i) {
                                       ids[i] = pack.signatures()[i].spec.id;
                                   }
                                   return ids;
                               })
        .def("__len__", [](const Pack& pack) { return pack.signatures().size(); });

    module.def(
        "pack_cache_key",
        [](const std::vector<SignatureSpec>& signatures) {
            const std::string key = database_key(signatures);
            return py::bytes(key).attr("decode")("utf-8", "surrogateescape");
        },
        py::arg("signatures"), "Text that changes whenever serialized databases would.");
    module.def(
        "pattern_info",
        [](const std::string& pattern, bool caseless) {
            const PatternInfo info = pattern_info(pattern, caseless);
            const std::string error =
                info.error.empty() && !info.matches_empty ? compile_error(pattern, caseless) : info.error;
            py::dict result;
            result["error"] = error.empty() ? py::object(py::none()) : py::cast(error);
            result["min_width"] = info.min_width;
            result["max_width"] = info.max_width ? py::cast(*info.max_width) : py::object(py::none());
            result["matches_empty"] = info.matches_empty;
            return result;
        },
        py::arg("pattern"), py::arg("caseless"), "What the engine says of one pattern compiled alone.");
    module.def("engine_version", &scanner_version, "Version of the pattern engine.");
}

}  // namespace fastguard::python
