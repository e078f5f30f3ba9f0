// The gate gives what its formula gives in double precision, on every kernel the same bits.
#include "fastguard/gate.h"

#include "check.h"
#include "fastguard/error.h"
#include "material.h"

#include <cmath>
#include <limits>

namespace {

using fastguard::DenseFeatures;
using fastguard::Gate;
using fastguard::GateResult;
using fastguard::GateScratch;
using fastguard::kDenseFeatures;
using fastguard::kFeatureSlots;
using fastguard::kGateBuckets;
using fastguard::kGateLabels;
using fastguard::kGateMask;
using fastguard::kStrideTokens;
using fastguard::kWindowTokens;
using fastguard::Label;
using material::Random;

using Table = std::vector<std::int16_t>;
using Ids = std::vector<std::uint16_t>;

float small(Random& random) { return static_cast<float>(static_cast<int>(random() % 2001) - 1000) / 500.0F; }

Table random_table(Random& random, std::int16_t greatest) {
    Table table(kGateBuckets * kGateLabels);
    for (std::int16_t& weight : table) {
        weight = static_cast<std::int16_t>(static_cast<int>(random() % (2U * static_cast<unsigned>(greatest) + 1)) -
                                           greatest);
    }
    return table;
}

std::vector<Label> random_labels(Random& random, std::size_t count) {
    std::vector<Label> labels(count);
    for (Label& label : labels) {
        label.bias = small(random);
        for (float& weight : label.dense) {
            weight = small(random);
        }
        label.gate = {0.5F + std::abs(small(random)), small(random)};
    }
    return labels;
}

Ids random_ids(Random& random, std::size_t tokens) {
    Ids ids(tokens * kFeatureSlots);
    for (std::uint16_t& id : ids) {
        id = random() % 4 == 0 ? std::uint16_t{0} : static_cast<std::uint16_t>(random());
        if ((id & kGateMask) == 0) {
            id = 0;  // token_ids makes no other id of this row
        }
    }
    return ids;
}

struct Expected {
    std::vector<double> logits;         // of the text
    std::vector<double> window_scores;  // strongest calibrated logit of each window
};

// The header's formula over the windows as they are defined: kWindowTokens tokens every kStrideTokens.
Expected plain_evaluate(const Table& table, const std::vector<Label>& labels, double scale, const Ids& ids,
                        const DenseFeatures& dense) {
    const std::size_t tokens = ids.size() / kFeatureSlots;
    Expected expected{std::vector<double>(labels.size(), -std::numeric_limits<double>::infinity()), {}};
    for (std::size_t window = 0; window < fastguard::window_count(tokens); ++window) {
        const std::size_t begin = std::min(tokens, window * kStrideTokens) * kFeatureSlots;
        const std::size_t end = std::min(tokens, window * kStrideTokens + kWindowTokens) * kFeatureSlots;
        double strongest = -std::numeric_limits<double>::infinity();
        for (std::size_t l = 0; l < labels.size(); ++l) {
            double sum = 0.0;
            double count = 0.0;
            for (std::size_t i = begin; i < end; ++i) {
                if (ids[i] != 0) {
                    sum += table[static_cast<std::size_t>(ids[i] & kGateMask) * kGateLabels + l];
                    count += 1.0;
                }
            }
            double logit = static_cast<double>(labels[l].bias) + (count > 0.0 ? scale * sum / std::sqrt(count) : 0.0);
            for (std::size_t d = 0; d < kDenseFeatures; ++d) {
                logit += static_cast<double>(labels[l].dense[d]) * static_cast<double>(dense[d]);
            }
            expected.logits[l] = std::max(expected.logits[l], logit);
            strongest = std::max(strongest,
                                 static_cast<double>(labels[l].gate.a) * logit + static_cast<double>(labels[l].gate.b));
        }
        expected.window_scores.push_back(strongest);
    }
    return expected;
}

void check_close(double actual, double expected) {
    const double allowed = 1e-4 * (1.0 + std::abs(expected));
    if (!(std::abs(actual - expected) <= allowed)) {
        CHECK_EQUAL(actual, expected);
    }
}

void random_texts_score_as_in_double_precision() {
    Random random(1);
    const Table table = random_table(random, 30'000);
    GateScratch scratch;
    for (const std::size_t tokens :
         {0U, 1U, 2U, 63U, 64U, 65U, 127U, 128U, 129U, 191U, 192U, 193U, 255U, 256U, 257U, 500U, 1000U, 5000U}) {
        for (std::size_t count = 1; count <= kGateLabels; ++count) {
            const std::vector<Label> labels = random_labels(random, count);
            const float scale = 0.001F;
            const Gate gate(table, labels, scale);
            const Ids ids = random_ids(random, tokens);
            DenseFeatures dense{};
            for (float& value : dense) {
                value = std::abs(small(random));
            }
            const Expected expected = plain_evaluate(table, labels, static_cast<double>(scale), ids, dense);
            for (const fastguard::Kernel* kernel : fastguard::available_kernels()) {
                CHECK(fastguard::set_active_kernel(kernel->name));
                const GateResult result = gate.evaluate(ids, dense, scratch);
                CHECK_EQUAL(result.windows, expected.window_scores.size());
                for (std::size_t l = 0; l < count; ++l) {
                    check_close(static_cast<double>(result.logits[l]), expected.logits[l]);
                }
                for (std::size_t w = 0; w < std::min(result.windows, expected.window_scores.size()); ++w) {
                    check_close(static_cast<double>(scratch.window_scores.data()[w]), expected.window_scores[w]);
                }
            }
        }
    }
}

void kernels_give_the_same_bits() {
    Random random(2);
    const Gate gate(random_table(random, 32'767), random_labels(random, kGateLabels), 0.37F);
    GateScratch scratch;
    for (int round = 0; round < 200; ++round) {
        const Ids ids = random_ids(random, random() % 600);
        DenseFeatures dense{};
        dense[random() % kDenseFeatures] = small(random);
        CHECK(fastguard::set_active_kernel("scalar"));
        const GateResult expected = gate.evaluate(ids, dense, scratch);
        for (const fastguard::Kernel* kernel : fastguard::available_kernels()) {
            CHECK(fastguard::set_active_kernel(kernel->name));
            CHECK(gate.evaluate(ids, dense, scratch).logits == expected.logits);
        }
    }
}

void unused_labels_never_speak() {
    Random random(3);
    GateScratch scratch;
    const Gate gate(random_table(random, 100), random_labels(random, 3), 1.0F);
    const GateResult result = gate.evaluate(random_ids(random, 50), {}, scratch);
    for (std::size_t l = 3; l < kGateLabels; ++l) {
        CHECK(std::isinf(result.logits[l]) && result.logits[l] < 0.0F);
    }
}

void the_row_of_no_feature_counts_for_nothing() {
    const Table table(kGateBuckets * kGateLabels, 1000);
    GateScratch scratch;
    const Gate gate(table, std::vector<Label>(1), 1.0F);
    const GateResult result = gate.evaluate(Ids(30, 0), {}, scratch);
    CHECK_EQUAL(result.logits[0], 0.0F);
}

void windows_are_copied_in_order_and_padded() {
    Random random(4);
    for (const std::size_t tokens : {0U, 1U, 64U, 128U, 129U, 300U}) {
        const Ids ids = random_ids(random, tokens);
        for (std::size_t window = 0; window < fastguard::window_count(tokens); ++window) {
            std::vector<std::int32_t> copied(fastguard::kWindowIds, -1);
            fastguard::window_ids(ids, window, copied.data());
            for (std::size_t i = 0; i < copied.size(); ++i) {
                const std::size_t at = window * kStrideTokens * kFeatureSlots + i;
                CHECK_EQUAL(copied[i], at < ids.size() ? ids[at] : 0);
            }
        }
    }
}

void every_token_is_in_a_window() {
    for (std::size_t tokens = 0; tokens < 1000; ++tokens) {
        const std::size_t windows = fastguard::window_count(tokens);
        CHECK(windows >= 1);
        CHECK((windows - 1) * kStrideTokens + kWindowTokens >= tokens);
        CHECK(windows == 1 || (windows - 1) * kStrideTokens < tokens);
    }
}

void probabilities_are_those_of_the_logistic_function() {
    const fastguard::Calibration plain;
    CHECK_EQUAL(plain(0.0F), 0.5F);
    CHECK_EQUAL(plain(-std::numeric_limits<float>::infinity()), 0.0F);
    CHECK_EQUAL(plain(std::numeric_limits<float>::infinity()), 1.0F);
    const fastguard::Calibration scaled{2.0F, -1.0F};
    check_close(static_cast<double>(scaled(0.75F)), 1.0 / (1.0 + std::exp(-0.5)));
}

template <class Make>
void check_refused(std::string_view field, Make make) {
    try {
        make();
        CHECK_EQUAL("a gate", field);
    } catch (const fastguard::BuildError& error) {
        CHECK_EQUAL(error.id(), "gate");
        CHECK_EQUAL(error.field(), field);
    }
}

void a_table_or_label_list_of_the_wrong_size_is_refused() {
    const Table good(kGateBuckets * kGateLabels);
    check_refused("table", [] { Gate(Table(), std::vector<Label>(1), 1.0F); });
    check_refused("table", [&] { Gate(Table(good.size() + 1), std::vector<Label>(1), 1.0F); });
    check_refused("labels", [&] { Gate(good, {}, 1.0F); });
    check_refused("labels", [&] { Gate(good, std::vector<Label>(kGateLabels + 1), 1.0F); });
}

}  // namespace

int main() {
    random_texts_score_as_in_double_precision();
    kernels_give_the_same_bits();
    unused_labels_never_speak();
    the_row_of_no_feature_counts_for_nothing();
    windows_are_copied_in_order_and_padded();
    every_token_is_in_a_window();
    probabilities_are_those_of_the_logistic_function();
    a_table_or_label_list_of_the_wrong_size_is_refused();
    return check::result();
}
