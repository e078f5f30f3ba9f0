// `StreamBase`: the native part of `fastguard.stream.Stream`, with `feed` as a raw METH_O method.
#include "fastguard/stream.h"

#include "fastguard/transcode.h"
#include "guard_object.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <memory>
#include <new>
#include <string>

namespace fastguard::python {
namespace {

enum class Fed : std::uint8_t { nothing, text, bytes };

struct StreamState {
    PyObject* guard;  // owned
    Hold hold;
    Stream stream;
    std::uint8_t source;
    Fed fed = Fed::nothing;
    bool closed = false;
    bool broken = false;  // left early: no verdict will come
    std::atomic<bool> busy = false;
    std::string out;
    Ref verdict;

    StreamState(PyObject* made_by, const StreamOptions& options)
        : guard(Py_NewRef(made_by)), hold(made_by), stream(hold.engine(), options), source(options.source) {}
    ~StreamState() { Py_DECREF(guard); }
    StreamState(const StreamState&) = delete;
    StreamState& operator=(const StreamState&) = delete;
};

struct StreamObject {
    PyObject_HEAD StreamState* state;
};

StreamState* state_of(PyObject* object) noexcept {
    StreamState* state = reinterpret_cast<StreamObject*>(object)->state;
    if (state == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this Stream was never initialised: call super().__init__()");
    }
    return state;
}

// Takes a stream for one call: two at once, from threads or from a model's own code, are an error and not a race.
class Turn {
  public:
    Turn(StreamState& state, const char* name) noexcept : state_(state), taken_(!state.busy.exchange(true)) {
        if (!taken_) {
            PyErr_Format(PyExc_RuntimeError, "%s() while another call on this stream is under way", name);
        } else if (state.closed) {
            PyErr_Format(PyExc_ValueError, "%s() after close()", name);
        } else if (state.broken) {
            PyErr_Format(PyExc_ValueError, "%s() on a stream that was left or interrupted", name);
        }
    }
    ~Turn() {
        if (taken_) {
            state_.busy.store(false);
        }
    }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    explicit operator bool() const noexcept { return taken_ && !state_.closed && !state_.broken; }

  private:
    StreamState& state_;
    bool taken_;
};

Ref as_fed(const StreamState& state, const std::string& text) noexcept {
    const auto size = static_cast<Py_ssize_t>(text.size());
    return Ref(state.fed == Fed::bytes ? PyBytes_FromStringAndSize(text.data(), size)
                                       : PyUnicode_DecodeUTF8(text.data(), size, "surrogatepass"));
}

// Units [begin, begin + count) of a str as UTF-8, lone surrogates as the three bytes that they would have.
std::string_view units_of(const Text& text, std::size_t begin, std::size_t count, std::string& buffer,
                          bool& surrogates) {
    if (text.is_bytes()) {
        return {static_cast<const char*>(text.data) + begin, count};
    }
    buffer.resize(4 * count + kTranscodeSlack);
    std::size_t lone = 0;
    const std::size_t size = transcode(text, begin, count, buffer.data(), lone);
    if (lone != 0) {
        surrogates = true;
        std::size_t at = 0;
        for (std::size_t i = begin; i < begin + count; ++i) {
            const std::uint32_t unit = text.kind == TextKind::ucs2 ? static_cast<const std::uint16_t*>(text.data)[i]
                                                                   : static_cast<const std::uint32_t*>(text.data)[i];
            if ((unit & 0xFFFFF800U) == 0xD800U) {
                buffer[at] = '\xED';
                buffer[at + 1] = static_cast<char>(0x80U | (unit >> 6U & 0x3FU));
                buffer[at + 2] = static_cast<char>(0x80U | (unit & 0x3FU));
            }
            at += unit < 0x80 ? 1 : unit < 0x800 ? 2 : unit < 0x10000 ? 3 : 4;
        }
    }
    return {buffer.data(), size};
}

// Feeds all of a chunk, a long one without the GIL. False with an exception set where a handler of a signal raised.
bool feed_all(StreamState& state, const Text& text) {
    constexpr std::size_t kPart = 4096;  // units
    constexpr std::chrono::milliseconds kBetweenSignals(20);
    using Clock = std::chrono::steady_clock;
    std::string buffer;
    PyThreadState* thread = text.units > kReleaseBytes ? PyEval_SaveThread() : nullptr;
    Clock::time_point looked = thread == nullptr ? Clock::time_point() : Clock::now();
    bool memory = true;
    bool interrupted = false;
    for (std::size_t begin = 0; begin < text.units && memory && !interrupted; begin += kPart) {
        try {
            bool surrogates = false;
            const std::string_view part =
                units_of(text, begin, std::min(kPart, text.units - begin), buffer, surrogates);
            state.stream.feed(part, surrogates, thread_scratch(), state.out);
        } catch (const std::bad_alloc&) {
            memory = false;
        }
        if (thread != nullptr && Clock::now() - looked > kBetweenSignals) {
            take_gil(thread);
            interrupted = PyErr_CheckSignals() < 0;
            thread = PyEval_SaveThread();
            looked = Clock::now();
        }
    }
    if (thread != nullptr) {
        take_gil(thread);
    }
    if (!memory) {
        PyErr_NoMemory();
    }
    state.broken = !memory || interrupted;
    return !state.broken;
}

PyObject* feed(PyObject* self, PyObject* chunk) noexcept {
    StreamState* state = state_of(self);
    if (state == nullptr) {
        return nullptr;
    }
    const Turn turn(*state, "feed");
    Text text;
    if (!turn || !text_of(chunk, text, "chunk")) {
        return nullptr;
    }
    const Fed kind = PyUnicode_Check(chunk) != 0 ? Fed::text : Fed::bytes;
    if (state->fed != Fed::nothing && state->fed != kind) {
        PyErr_Format(PyExc_TypeError, "chunk must be %s as the chunks before it, not %s",
                     kind == Fed::text ? "bytes" : "str", kind == Fed::text ? "str" : "bytes");
        return nullptr;
    }
    state->fed = kind;
    state->out.clear();
    if (!feed_all(*state, text)) {
        return nullptr;
    }
    return as_fed(*state, state->out).release();
}

// The verdict, findings with their own parts of the text.
Ref verdict_of(const StreamState& state) noexcept {
    const CheckResult& result = state.stream.result();
    const std::vector<std::string>& texts = state.stream.texts();
    Ref findings(PyTuple_New(static_cast<Py_ssize_t>(result.findings.size())));
    for (std::size_t i = 0; findings && i < result.findings.size(); ++i) {
        const auto size = static_cast<Py_ssize_t>(texts[i].size());
        const Ref part(
            PyUnicode_DecodeUTF8(texts[i].data(), size, state.fed == Fed::bytes ? "surrogateescape" : "surrogatepass"));
        Ref finding =
            part ? make_finding_of_part(
                       PyTuple_GET_ITEM(state.hold.metas(), static_cast<Py_ssize_t>(result.findings[i].signature)),
                       part.get(), result.findings[i], result.decoded_of(result.findings[i]))
                 : Ref();
        if (!finding) {
            return {};
        }
        PyTuple_SET_ITEM(findings.get(), static_cast<Py_ssize_t>(i), finding.release());
    }
    return findings ? make_verdict_of(result, findings.get()) : Ref();
}

PyObject* close_stream(PyObject* self, PyObject*) noexcept {
    StreamState* state = state_of(self);
    if (state == nullptr) {
        return nullptr;
    }
    const Turn turn(*state, "close");
    if (!turn) {
        return nullptr;
    }
    try {
        CheckResult& result = state->stream.judge(thread_scratch());
        const std::string& head = state->stream.head();
        const Text text = Text::utf8(head);
        if ((result.undecided || result.open) &&
            !ask_models(state->guard, state->hold, state->source, {&text, 1}, {&result, 1})) {
            state->broken = true;
            return nullptr;
        }
        if (result.tier == Depth::deep && state->stream.received() > head.size()) {
            result.set(Truncated::deep_windows);
            result.action = std::max(result.action, Action::escalate);
        }
        state->out.clear();
        state->stream.finish(thread_scratch(), state->out);
        state->closed = true;
        state->verdict = verdict_of(*state);
        return state->verdict ? as_fed(*state, state->out).release() : nullptr;
    } catch (const std::bad_alloc&) {
        state->broken = true;
        return PyErr_NoMemory();
    }
}

PyObject* leave(PyObject* self, PyObject*) noexcept {
    StreamState* state = state_of(self);
    if (state == nullptr) {
        return nullptr;
    }
    state->broken = state->broken || !state->closed;
    Py_RETURN_NONE;
}

PyObject* get_verdict(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    if (state != nullptr && !state->verdict) {
        PyErr_SetString(PyExc_ValueError, state->broken ? "no verdict: the stream was left or interrupted"
                                                        : "no verdict yet: close() makes it");
        return nullptr;
    }
    return state == nullptr ? nullptr : Py_NewRef(state->verdict.get());
}
PyObject* get_blocked(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    return state == nullptr ? nullptr : PyBool_FromLong(state->stream.blocked() ? 1 : 0);
}
PyObject* get_closed(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    return state == nullptr ? nullptr : PyBool_FromLong(state->closed ? 1 : 0);
}
PyObject* get_holdback(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    return state == nullptr ? nullptr : PyLong_FromSize_t(state->stream.holdback());
}
PyObject* get_mapping(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    Ref mapping(state == nullptr ? nullptr : PyDict_New());
    if (!mapping) {
        return nullptr;
    }
    for (const auto& [name, value] : state->stream.placeholders().all()) {
        const Ref key = make_str(name);
        const Ref original = as_fed(*state, value);
        if (!key || !original || PyDict_SetItem(mapping.get(), key.get(), original.get()) < 0) {
            return nullptr;
        }
    }
    return mapping.release();
}
PyObject* get_memory(PyObject* self, void*) noexcept {
    const StreamState* state = state_of(self);
    return state == nullptr ? nullptr : PyLong_FromSize_t(state->stream.memory());
}

int init(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"guard", "source", "redact", "holdback", "longest", nullptr};
    PyObject* guard = nullptr;
    PyObject* source = nullptr;
    int redact = 0;
    Py_ssize_t holdback = 512;
    Py_ssize_t longest = 8192;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "OO|pnn:StreamBase", const_cast<char**>(names), &guard, &source,
                                    &redact, &holdback, &longest) == 0) {
        return -1;
    }
    StreamOptions options;
    if (!is_guard(guard)) {
        PyErr_Format(PyExc_TypeError, "guard must be a Guard, not %.100s", Py_TYPE(guard)->tp_name);
        return -1;
    }
    if (!source_of(source, options.source)) {
        return -1;
    }
    if (holdback < static_cast<Py_ssize_t>(kLeastHoldback) || longest < holdback ||
        longest > static_cast<Py_ssize_t>(kMostHeld)) {
        PyErr_Format(PyExc_ValueError, "holdback=%zd, longest=%zd: expected %zu <= holdback <= longest <= %zu",
                     holdback, longest, kLeastHoldback, kMostHeld);
        return -1;
    }
    if (reinterpret_cast<StreamObject*>(self)->state != nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "a Stream is initialised once");
        return -1;
    }
    if (!Hold(guard)) {
        return -1;
    }
    options.mode = redact != 0 ? StreamMode::redact : StreamMode::block;
    options.holdback = static_cast<std::size_t>(holdback);
    options.longest = static_cast<std::size_t>(longest);
    try {
        reinterpret_cast<StreamObject*>(self)->state = new StreamState(guard, options);
        return 0;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return -1;
    }
}

void dealloc(PyObject* object) noexcept {
    PyTypeObject* type = Py_TYPE(object);
    delete reinterpret_cast<StreamObject*>(object)->state;
    type->tp_free(object);
    Py_DECREF(type);
}

PyMethodDef methods[] = {
    {"feed", &feed, METH_O,
     "feed($self, chunk, /)\n--\n\nTake the next chunk, and return what may be released by now."},
    {"close", &close_stream, METH_NOARGS, "close($self, /)\n--\n\nEnd the text: judge it and return the rest."},
    {"leave", &leave, METH_NOARGS, "leave($self, /)\n--\n\nGive the stream up without a verdict."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef getters[] = {
    {"verdict", &get_verdict, nullptr, "The verdict of the whole text, once the stream is closed.", nullptr},
    {"blocked", &get_blocked, nullptr, "Whether nothing more is released.", nullptr},
    {"closed", &get_closed, nullptr, "Whether the text has ended.", nullptr},
    {"holdback_bytes", &get_holdback, nullptr, "Most bytes of ordinary text that are held back.", nullptr},
    {"mapping", &get_mapping, nullptr, "Placeholders so far with what they stand for.", nullptr},
    {"buffer_bytes", &get_memory, nullptr, "Bytes of the stream's own buffers.", nullptr},
    {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot slots[] = {{Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
                       {Py_tp_init, reinterpret_cast<void*>(&init)},
                       {Py_tp_new, reinterpret_cast<void*>(&PyType_GenericNew)},
                       {Py_tp_methods, methods},
                       {Py_tp_getset, getters},
                       {Py_tp_doc, const_cast<char*>("StreamBase(guard, source, redact=False, holdback=512, "
                                                     "longest=8192)\n--\n\nThe native part of Stream.")},
                       {0, nullptr}};
PyType_Spec spec = {"fastguard._core.StreamBase", sizeof(StreamObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                    slots};

}  // namespace

int add_stream_type(PyObject* module) noexcept {
    const Ref type(PyType_FromSpec(&spec));
    return type ? PyModule_AddObjectRef(module, "StreamBase", type.get()) : -1;
}

}  // namespace fastguard::python
