// `PolicySpec` and `ModelSpec`: a policy and a gate as numbers, made by the Python layer.
#include "register.h"

#include <bit>
#include <cmath>
#include <cstring>

namespace py = pybind11;

namespace fastguard::python {
namespace {

using Strings = std::vector<std::string>;
using ActionTuple = std::tuple<std::string, std::string, int, int>;

std::uint8_t level_of(int level, const std::string& category) {
    if (level < 0 || level > static_cast<int>(kLevels)) {
        throw BuildError("a level is 0 (never) to 5", category, "actions");
    }
    return static_cast<std::uint8_t>(level);
}

// What may be undone of a text's disguises, and how much of it.
void set_views(const Strings& views, std::uint32_t max_children, std::uint64_t max_decoded_bytes,
               std::uint32_t max_depth, Policy& policy) {
    if (max_children > kMaxChildren || max_decoded_bytes > kMostDecoded || max_depth > kMaxDepth) {
        throw BuildError("is more than the engine makes", "policy", "limits");
    }
    policy.children = {max_children, static_cast<std::size_t>(max_decoded_bytes)};
    policy.max_depth = static_cast<std::uint8_t>(max_depth);
    policy.views = 0;
    for (const std::string& view : views) {
        const std::uint8_t index = index_in(kSignatureViewNames, view, "policy", "views");
        policy.views = static_cast<std::uint8_t>(policy.views | 1U << index);
    }
}

Strings all_views() { return {kSignatureViewNames.begin(), kSignatureViewNames.end()}; }

using Cuts = std::map<std::string, std::vector<float>>;

void set_cuts(const Cuts& cuts, const char* field, std::array<LevelCuts, kCategoryCount>& out) {
    for (const auto& [category, values] : cuts) {
        if (values.size() != kLevels || !std::is_sorted(values.rbegin(), values.rend())) {
            throw BuildError("expected five falling cuts", category, field);
        }
        std::copy(values.begin(), values.end(), out[index_in(kCategories, category, "policy", field)].begin());
    }
}

Policy make_policy(const std::string& depth, std::uint64_t max_bytes, std::uint32_t max_findings,
                   std::uint64_t max_tokens, std::uint64_t budget_us, std::uint32_t max_children,
                   std::uint64_t max_decoded_bytes, std::uint32_t max_depth, const Strings& views,
                   const Strings& disabled, const Strings& enabled, const std::vector<ActionTuple>& actions,
                   const Cuts& cuts, const Cuts& deep_cuts, const Strings& allow_phrases, const Strings& allow_hosts) {
    Policy policy;
    policy.depth = static_cast<Depth>(index_in(kDepths, depth, "policy", "depth"));
    policy.max_bytes = max_bytes;
    policy.max_findings = max_findings;
    if (max_tokens > kMostTokens) {
        throw BuildError("is more than 2 ** 40", "policy", "limits.max_tokens");
    }
    policy.max_tokens = max_tokens;
    if (budget_us > kMostBudget) {
        throw BuildError("is more than an hour", "policy", "limits.budget_us");
    }
    policy.budget_us = budget_us;
    set_views(views, max_children, max_decoded_bytes, max_depth, policy);
    policy.disabled = disabled;
    policy.enabled = enabled;
    policy.allow_phrases = allow_phrases;
    policy.allow_hosts = allow_hosts;
    for (const auto& [source, category, block, flag] : actions) {
        const ActionRule rule = {level_of(block, category), level_of(flag, category)};
        const std::uint8_t column = index_in(kCategories, category, "policy", "actions");
        for (std::uint8_t row = 0; row < kSourceCount; ++row) {
            if (source == "*" || row == index_in(kSources, source, "policy", "sources")) {
                policy.actions[row][column] = rule;
            }
        }
    }
    set_cuts(cuts, "cuts", policy.cuts);
    set_cuts(deep_cuts, "deep_cuts", policy.deep_cuts);
    return policy;
}

float finite(double value, const std::string& label, const char* field) {
    if (!std::isfinite(value)) {
        throw BuildError("is not a finite number", label, field);
    }
    return static_cast<float>(value);
}

std::uint8_t source_bits(const Strings& sources, const std::string& label) {
    std::uint8_t bits = sources.empty() ? kAllSources : std::uint8_t{0};
    for (const std::string& source : sources) {
        bits = static_cast<std::uint8_t>(bits | 1U << index_in(kSources, source, label, "sources"));
    }
    return bits;
}

std::vector<std::int16_t> read_table(const py::bytes& bytes) {
    static_assert(std::endian::native == std::endian::little, "the table is read as it lies in the file");
    const std::string_view view = bytes_view(bytes);
    std::vector<std::int16_t> table(view.size() / sizeof(std::int16_t));
    std::memcpy(table.data(), view.data(), table.size() * sizeof(std::int16_t));
    return table;
}

using Scales = std::vector<std::vector<double>>;

Calibration make_calibration(const std::vector<double>& scale, const std::string& label, const char* field) {
    if (scale.size() < 2 || scale.size() > 4) {
        throw BuildError("expected (a, b), (a, b, w) or (a, b, w, s)", label, field);
    }
    const auto more = [&](std::size_t i) { return scale.size() <= i ? 0.0F : finite(scale[i], label, field); };
    return {finite(scale[0], label, field), finite(scale[1], label, field), more(2), more(3)};
}

std::shared_ptr<Gate> make_gate(const py::bytes& table, const Strings& labels, const Strings& categories,
                                const std::vector<Strings>& sources, double scale, const std::vector<double>& bias,
                                const std::vector<std::vector<double>>& dense, const Scales& gate_calibration,
                                const Scales& model_calibration, const std::vector<double>& low,
                                const std::vector<double>& high) {
    const std::size_t count = labels.size();
    const std::array<std::pair<const char*, std::size_t>, 8> sizes = {{{"categories", categories.size()},
                                                                       {"sources", sources.size()},
                                                                       {"bias", bias.size()},
                                                                       {"dense", dense.size()},
                                                                       {"gate_calibration", gate_calibration.size()},
                                                                       {"model_calibration", model_calibration.size()},
                                                                       {"low", low.size()},
                                                                       {"high", high.size()}}};
    for (const auto& [field, size] : sizes) {
        if (size != count) {
            throw BuildError("expected one value per label", "gate", field);
        }
    }
    std::vector<Label> made;
    for (std::size_t l = 0; l < count; ++l) {
        Label label;
        label.name = labels[l];
        label.category = index_in(kCategories, categories[l], labels[l], "category");
        label.sources = source_bits(sources[l], labels[l]);
        label.bias = finite(bias[l], labels[l], "bias");
        if (dense[l].size() != kDenseFeatures) {
            throw BuildError("expected one weight per dense feature", labels[l], "dense");
        }
        for (std::size_t d = 0; d < kDenseFeatures; ++d) {
            label.dense[d] = finite(dense[l][d], labels[l], "dense");
        }
        label.gate = make_calibration(gate_calibration[l], labels[l], "gate_calibration");
        label.model = make_calibration(model_calibration[l], labels[l], "model_calibration");
        label.low = finite(low[l], labels[l], "low");
        label.high = finite(high[l], labels[l], "high");
        made.push_back(label);
    }
    return std::make_shared<Gate>(read_table(table), std::move(made), finite(scale, "gate", "scale"));
}

using Bands = std::map<std::string, std::pair<double, double>>;

std::shared_ptr<DeepTier> make_deep(const Strings& labels, const Strings& categories,
                                    const std::vector<Strings>& sources, const Scales& calibration,
                                    const std::vector<int>& fast, const std::vector<double>& share,
                                    const Bands& bands) {
    const std::size_t count = labels.size();
    if (count == 0 || categories.size() != count || sources.size() != count || calibration.size() != count ||
        fast.size() != count || share.size() != count) {
        throw BuildError("expected one value per label", "deep", "labels");
    }
    auto tier = std::make_shared<DeepTier>();
    for (std::size_t l = 0; l < count; ++l) {
        DeepLabel label;
        label.name = labels[l];
        label.category = index_in(kCategories, categories[l], labels[l], "category");
        label.sources = source_bits(sources[l], labels[l]);
        label.calibration = make_calibration(calibration[l], labels[l], "calibration");
        if (fast[l] < -1 || fast[l] >= static_cast<int>(kGateLabels)) {
            throw BuildError("is no label of the model before it", labels[l], "fast");
        }
        label.fast = fast[l];
        label.share = finite(share[l], labels[l], "share");
        tier->labels.push_back(std::move(label));
    }
    for (const auto& [category, band] : bands) {
        tier->bands[index_in(kCategories, category, "deep", "bands")] = {finite(band.first, category, "bands"),
                                                                         finite(band.second, category, "bands")};
    }
    return tier;
}

}  // namespace

void register_policy(py::module_& module) {
    py::class_<Policy>(module, "PolicySpec", "A policy as numbers; made by `fastguard.Policy`.")
        .def(py::init(&make_policy), py::kw_only(), py::arg("depth") = "fast", py::arg("max_bytes"),
             py::arg("max_findings"), py::arg("max_tokens") = 0, py::arg("budget_us") = 0,
             py::arg("max_children") = kMaxChildren, py::arg("max_decoded_bytes") = kMostDecoded,
             py::arg("max_depth") = kMaxDepth, py::arg("views") = all_views(), py::arg("disabled") = Strings(),
             py::arg("enabled") = Strings(), py::arg("actions") = std::vector<ActionTuple>(), py::arg("cuts") = Cuts(),
             py::arg("deep_cuts") = Cuts(), py::arg("allow_phrases") = Strings(), py::arg("allow_hosts") = Strings());
}

void register_model(py::module_& module) {
    py::class_<Gate, std::shared_ptr<Gate>>(module, "ModelSpec", "The gate, and how scores become probabilities.")
        .def(py::init(&make_gate), py::kw_only(), py::arg("table"), py::arg("labels"), py::arg("categories"),
             py::arg("sources"), py::arg("scale"), py::arg("bias"), py::arg("dense"), py::arg("gate_calibration"),
             py::arg("model_calibration"), py::arg("low"), py::arg("high"));
    py::class_<DeepTier, std::shared_ptr<DeepTier>>(module, "DeepSpec", "What the answers of a deep model mean.")
        .def(py::init(&make_deep), py::kw_only(), py::arg("labels"), py::arg("categories"), py::arg("sources"),
             py::arg("calibration"), py::arg("fast"), py::arg("share"), py::arg("bands"));
}

}  // namespace fastguard::python
