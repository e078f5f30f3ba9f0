// Steps of the engine one by one, for training, lint, tests and `explain`.
#include "register.h"

#include "fastguard/decoders.h"
#include "fastguard/links.h"
#include "fastguard/pack.h"
#include "fastguard/reading.h"
#include "fastguard/transcode.h"
#include "fastguard/validators.h"
#include "guard_object.h"

namespace py = pybind11;

namespace fastguard::python {
namespace {

// A text read whole, as one segment (tools are for short texts and training rows), with its own buffers.
struct WholeText {
    Buffer<char> transcoded;
    ReadingScratch scratch;
    Segment segment;
    Reading reading;

    explicit WholeText(const py::object& object) {
        Text text;
        if (!text_of(object.ptr(), text, "text")) {
            throw py::error_already_set();
        }
        segment.raw = {static_cast<const char*>(text.data), text.units};
        if (!text.is_bytes()) {
            char* out = transcoded.reserve(4 * text.units + kTranscodeSlack);
            segment.raw = {out, transcode(text, 0, text.units, out, segment.surrogates)};
        }
        read_segment(segment, WordTables::none(), scratch, reading);
    }

    // Code point of the caller's text at byte `at` of the raw view.
    [[nodiscard]] std::size_t code_point(std::size_t at) const { return count_code_points(segment.raw.substr(0, at)); }
};

py::str to_str(std::string_view utf8) {
    PyObject* text = PyUnicode_DecodeUTF8(utf8.data(), static_cast<Py_ssize_t>(utf8.size()), "replace");
    if (text == nullptr) {
        throw py::error_already_set();
    }
    return py::reinterpret_steal<py::str>(text);
}

py::tuple view_origin(const py::object& text, const std::string& name) {
    WholeText whole(text);
    const View view = name == "skeleton" ? read_skeleton(whole.reading, whole.scratch).view
                      : name == "folded" ? whole.reading.folded
                      : name == "raw"    ? whole.reading.raw
                                         : throw py::value_error("view must be 'raw', 'folded' or 'skeleton'");
    py::list origin;
    for (std::size_t i = 0; i < view.bytes.size(); ++i) {
        if ((static_cast<unsigned char>(view.bytes[i]) & 0xC0U) != 0x80U) {
            origin.append(whole.code_point(view.raw_begin(i)));
        }
    }
    origin.append(whole.code_point(whole.segment.raw.size()));
    return py::make_tuple(to_str(view.bytes), origin);
}

py::list tokens(const py::object& text, const std::string& name) {
    WholeText whole(text);
    const bool skeleton = name == "skeleton";
    Skeleton made;
    if (skeleton) {
        made = read_skeleton(whole.reading, whole.scratch);
    }
    const View& view = skeleton ? made.view : whole.reading.folded;
    py::list result;
    for (const Token& token : skeleton ? made.tokens : whole.reading.tokens) {
        const RawSpan span = raw_span(view, token.begin, token.end);
        result.append(py::make_tuple(to_str(view.bytes.substr(token.begin, token.size())), whole.code_point(span.begin),
                                     whole.code_point(span.end)));
    }
    return result;
}

py::tuple features(const py::object& text) {
    const WholeText whole(text);
    const std::size_t windows = window_count(whole.reading.tokens.size());
    std::vector<std::int32_t> ids(windows * kWindowIds);
    for (std::size_t w = 0; w < windows; ++w) {
        window_ids(whole.reading.ids, w, ids.data() + w * kWindowIds);
    }
    const DenseFeatures& dense = whole.reading.dense;
    return py::make_tuple(py::bytes(reinterpret_cast<const char*>(ids.data()), ids.size() * sizeof(std::int32_t)),
                          py::bytes(reinterpret_cast<const char*>(dense.data()), sizeof dense), windows);
}

// The text and its children are read one after the other, each in the same scratch, as the engine does.
py::list decoded(const py::object& text) {
    WholeText whole(text);
    Children children;
    children.reset(whole.segment.raw.size());
    decode(whole.reading, children);
    Buffer<char> copy;  // the store of the children may move while one is read
    for (std::size_t i = 0; i < children.size(); ++i) {
        if (children[i].depth < kMaxDepth) {
            const std::string_view said = children.text(i);
            char* bytes = copy.reserve(said.size() + kViewPadding);
            std::copy(said.begin(), said.end(), bytes);
            Segment segment;
            segment.raw = {bytes, said.size()};
            read_segment(segment, WordTables::none(), whole.scratch, whole.reading);
            children.read_child(i);
            decode(whole.reading, children);
        }
    }
    py::list result;
    for (std::size_t i = 0; i < children.size(); ++i) {
        const std::string_view said = children.text(i);
        py::list origins;
        for (std::size_t at = 0; at < said.size(); ++at) {
            const Origin origin = children.origin(i, at, at + 1);
            origins.append(py::make_tuple(origin.begin, origin.end));
        }
        result.append(py::make_tuple(py::str(std::string(kViews[static_cast<std::size_t>(children[i].kind)])),
                                     py::bytes(said.data(), said.size()), origins, children[i].depth));
    }
    return result;
}

template <std::size_t N>
py::tuple as_tuple(const std::array<std::string_view, N>& names) {
    py::tuple result(N);
    for (std::size_t i = 0; i < N; ++i) {
        result[i] = py::str(std::string(names[i]));
    }
    return result;
}

py::dict scores_of(const Engine& engine, const CheckResult& result) {
    py::dict scores;
    if (engine.gate() != nullptr) {
        const std::span<const Label> labels = engine.gate()->labels();
        for (std::size_t l = 0; l < labels.size(); ++l) {
            py::dict score;
            score["logit"] = result.gate_logits[l];
            score["probability"] = labels[l].gate(result.gate_logits[l]);
            if (result.framed) {
                score["logit_without_quotations"] = result.left_logits[l];
            }
            score["low"] = labels[l].low;
            score["high"] = labels[l].high;
            score["category"] = std::string(kCategories[labels[l].category]);
            scores[labels[l].name.c_str()] = score;
        }
    }
    return scores;
}

// The quotations that a text talks about.
py::list quotations_of(const Engine& engine, const Reading& reading) {
    std::array<Part, Mentions::kMostQuotations> parts;
    PhraseScratch scratch;
    const std::size_t count = engine.pack().mentions().talked_about(reading, std::span(parts), scratch);
    py::list quotations;
    for (const Part& part : std::span(parts).first(count)) {
        const RawSpan span = raw_span(reading.folded, part.begin, part.end);
        quotations.append(to_str(reading.raw.bytes.substr(span.begin, span.end - span.begin)));
    }
    return quotations;
}

// Each link of the text with what is told of its host; `learned` adds what the score is made of.
py::list links_of(const WholeText& whole, const CallerHosts& hosts, bool learned) {
    py::list all;
    for (const LinkReport& report : report_links(whole.reading, hosts)) {
        const RawSpan span = raw_span(whole.reading.folded, report.begin, report.end);
        py::dict link;
        link["text"] = to_str(whole.reading.raw.bytes.substr(span.begin, span.end - span.begin));
        link["host"] = to_str(report.host);
        link["registrable"] = to_str(report.site);
        link["suffix"] = to_str(report.suffix);
        py::list traits;
        for (std::size_t i = 0; i < kLinkTraits.size(); ++i) {
            if ((report.traits >> i & 1U) != 0) {
                traits.append(std::string(kLinkTraits[i]));
            }
        }
        link["traits"] = traits;
        link["brand"] = report.brand;
        link["score"] = report.score;
        if (learned) {
            link["dense"] = report.dense;
            link["ids"] = report.ids;
        }
        all.append(link);
    }
    return all;
}

py::list links(const py::object& text, const std::vector<std::string>& hosts) {
    return links_of(WholeText(text), CallerHosts(hosts), true);
}

py::dict explain(const py::object& guard, const py::object& text, std::uint8_t source) {
    const Hold hold(guard.ptr());
    if (!hold) {
        throw py::error_already_set();
    }
    WholeText whole(text);
    const Reading& reading = whole.reading;
    py::dict views;
    views["raw"] = to_str(reading.raw.bytes);
    views["folded"] = to_str(reading.folded.bytes);
    std::array<Part, kMaxParts> parts;
    const Pack& pack = hold.engine().pack();
    if (disguised_parts(reading, pack.folded_concepts(), pack.skeleton_concepts(), std::span(parts)) > 0) {
        views["skeleton"] = to_str(read_skeleton(reading, whole.scratch).view.bytes);
    }
    py::dict dense;
    for (std::size_t i = 0; i < kDenseFeatures; ++i) {
        dense[std::string(kDenseNames[i]).c_str()] = reading.dense[i];
    }
    Text plain;
    (void)text_of(text.ptr(), plain, "text");
    CheckResult result;
    hold.engine().check(plain, source, thread_scratch(), result);
    py::dict gate;
    gate["undecided"] = result.undecided;
    gate["windows"] = result.gate_windows;
    gate["labels"] = scores_of(hold.engine(), result);
    gate["talks_about"] = quotations_of(hold.engine(), reading);
    gate["scored_without_quotations"] = result.framed;
    Ref verdict = check_text(guard.ptr(), hold, plain, text.ptr(), source);
    if (!verdict) {
        throw py::error_already_set();
    }
    py::dict explained;
    explained["source"] = std::string(kSources[source]);
    explained["kernel"] = std::string(active_kernel().name);
    explained["bytes"] = reading.raw.bytes.size();
    explained["invalid_units"] = result.invalid;
    explained["views"] = views;
    explained["tokens"] = tokens(text, "folded");
    explained["features"] = dense;
    explained["gate"] = gate;
    explained["links"] = links_of(whole, CallerHosts(hold.engine().policy().allow_hosts), false);
    explained["verdict"] = py::reinterpret_steal<py::object>(verdict.release());
    return explained;
}

}  // namespace

PyObject* guard_explain(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"text", "source", nullptr};
    PyObject* text = nullptr;
    PyObject* source_name = nullptr;
    std::uint8_t source = 1;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:explain", const_cast<char**>(names), &text, &source_name) ==
            0 ||
        (source_name != nullptr && !source_of(source_name, source))) {
        return nullptr;
    }
    try {
        return explain(py::reinterpret_borrow<py::object>(self), py::reinterpret_borrow<py::object>(text), source)
            .release()
            .ptr();
    } catch (py::error_already_set& error) {
        error.restore();
        return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

namespace {

bool is_scorer(PyObject* object, const char* name) noexcept {
    if (object == Py_None || PyCallable_Check(object) != 0) {
        return true;
    }
    PyErr_Format(PyExc_TypeError, "%s: expected a callable or None, got %s", name, Py_TYPE(object)->tp_name);
    return false;
}

}  // namespace

int guard_init(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"pack", "policy", "model", "scorer", "deep", "deep_scorer", nullptr};
    PyObject* pack = nullptr;
    PyObject* policy = nullptr;
    PyObject* model = nullptr;
    PyObject* scorer = Py_None;
    PyObject* deep = Py_None;
    PyObject* deep_scorer = Py_None;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "OOO|OOO:GuardBase", const_cast<char**>(names), &pack, &policy,
                                    &model, &scorer, &deep, &deep_scorer) == 0) {
        return -1;
    }
    if (!is_scorer(scorer, "scorer") || !is_scorer(deep_scorer, "deep_scorer")) {
        return -1;
    }
    if ((deep == Py_None) != (deep_scorer == Py_None)) {
        PyErr_SetString(PyExc_TypeError, "deep and deep_scorer: expected both or none of them");
        return -1;
    }
    try {
        auto engine_pack = py::handle(pack).cast<std::shared_ptr<Pack>>();
        auto gate = model == Py_None ? nullptr : py::handle(model).cast<std::shared_ptr<Gate>>();
        auto tier = deep == Py_None ? nullptr : py::handle(deep).cast<std::shared_ptr<DeepTier>>();
        Ref metas = make_metas(*engine_pack);
        if (!metas) {
            return -1;
        }
        Engine engine(std::move(engine_pack), py::handle(policy).cast<Policy>(), std::move(gate), std::move(tier));
        // What is protected stays so over a reload.
        const EngineState* before = reinterpret_cast<GuardObject*>(self)->state;
        engine.watch(before != nullptr ? before->engine.protected_texts()
                                       : std::make_shared<ProtectedTexts>(ProtectedTexts::random_key()));
        PyObject* own_scorer = scorer == Py_None ? nullptr : Py_NewRef(scorer);
        PyObject* own_deep = deep_scorer == Py_None ? nullptr : Py_NewRef(deep_scorer);
        swap_state(self, std::make_unique<EngineState>(std::move(engine), metas.release(), own_scorer, own_deep));
        return 0;
    } catch (py::error_already_set& error) {
        error.restore();
    } catch (const py::cast_error&) {
        PyErr_SetString(
            PyExc_TypeError,
            "GuardBase(pack: Pack, policy: PolicySpec, model: ModelSpec | None, ..., deep: DeepSpec | None)");
    } catch (const BuildError& error) {
        set_build_error(error);
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
    }
    return -1;
}

void register_tools(py::module_& module) {
    module.attr("CATEGORIES") = as_tuple(kCategories);
    module.attr("SOURCES") = as_tuple(kSources);
    module.attr("VIEWS") = as_tuple(kViews);
    module.attr("SIGNATURE_VIEWS") = as_tuple(kSignatureViewNames);
    module.attr("MAX_CHILDREN") = kMaxChildren;
    module.attr("MAX_DECODED_BYTES") = kMostDecoded;
    module.attr("MAX_DEPTH") = kMaxDepth;
    module.attr("MAX_BUDGET_US") = kMostBudget;
    module.attr("SEVERITIES") = as_tuple(kSeverities);
    module.attr("CANDIDATES") = as_tuple(kCandidateKinds);
    module.attr("LINK_TRAITS") = as_tuple(kLinkTraits);
    module.attr("LOAD_TRAITS") = as_tuple(kLoadTraits);
    module.attr("FEATURE_VERSION") = kFeatureVersion;
    module.attr("FEATURE_BUCKETS") = kGateBuckets;
    module.attr("FEATURE_IDS") = kFeatureIds;
    module.attr("FEATURE_WINDOW") = kWindowTokens;
    module.attr("FEATURE_STRIDE") = kStrideTokens;
    module.attr("FEATURE_SLOTS") = kFeatureSlots;
    module.attr("BRIEF_WORDS") = kBriefWords;
    module.attr("FEATURE_DENSE") = kDenseFeatures;
    module.attr("FEATURE_DENSE_NAMES") = as_tuple(kDenseNames);
    module.def("features", &features, py::arg("text"), "Feature ids and dense features of a text.");
    module.def(
        "fold", [](const py::object& text) { return to_str(WholeText(text).reading.folded.bytes); }, py::arg("text"),
        "The folded view.");
    module.def(
        "skeleton",
        [](const py::object& text) {
            WholeText whole(text);
            return to_str(read_skeleton(whole.reading, whole.scratch).view.bytes);
        },
        py::arg("text"), "The skeleton view.");
    module.def("view_origin", &view_origin, py::arg("text"), py::arg("view"),
               "A view and the source code point of each of its code points.");
    module.def("decoded", &decoded, py::arg("text"), "What a text says in codes, to the greatest depth.");
    module.def("tokens", &tokens, py::arg("text"), py::arg("view") = "folded", "Tokens with their places in the text.");
    module.def("links", &links, py::arg("text"), py::arg("hosts") = std::vector<std::string>(),
               "The links of a text and what is told of their hosts.");
    module.def(
        "validate",
        [](const std::string& name, const std::string& text) {
            const ValidatorId id = validator_by_name(name);
            if (id == ValidatorId::none) {
                throw py::value_error("unknown validator '" + name + "'");
            }
            return validate(id, text);
        },
        py::arg("name"), py::arg("text"), "Whether a validator accepts a text.");
    module.def(
        "validator_names",
        [] {
            const auto all = validator_names();
            py::tuple result(all.size());
            for (std::size_t i = 0; i < all.size(); ++i) {
                result[i] = py::str(std::string(all[i]));
            }
            return result;
        },
        "Names of the validators.");
    module.def(
        "kernels",
        [] {
            py::list names;
            for (const Kernel* kernel : available_kernels()) {
                names.append(std::string(kernel->name));
            }
            return py::tuple(names);
        },
        "Kernels that this CPU can run, best first.");
    module.def("kernel", [] { return std::string(active_kernel().name); }, "The kernel in use.");
    module.def(
        "set_kernel",
        [](const std::string& name) {
            if (!set_active_kernel(name)) {
                throw py::value_error("no kernel '" + name + "' on this CPU");
            }
        },
        py::arg("name"), "For tests: choose a kernel for the whole process.");
    module.def("allocation_count", &allocation_count, "Growths of scratch buffers since import, for tests.");
}

}  // namespace fastguard::python
