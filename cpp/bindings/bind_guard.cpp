// `GuardBase`: the hot entry, `check`, as a raw METH_FASTCALL method.
#include "guard_object.h"

#include "fastguard/transcode.h"

namespace fastguard::python {
namespace {

PyTypeObject* guard_type = nullptr;
PyObject* name_source = nullptr;
PyObject* name_messages = nullptr;
PyObject* name_text = nullptr;
PyObject* name_check_messages = nullptr;
PyObject* name_score_windows = nullptr;

void release(EngineState* state) noexcept {
    if (state != nullptr && state->references.fetch_sub(1, std::memory_order_acq_rel) == 1) {
        Py_DECREF(state->metas);
        Py_XDECREF(state->scorer);
        Py_XDECREF(state->deep_scorer);
        delete state;
    }
}

struct CheckArguments {
    PyObject* text = nullptr;
    PyObject* messages = nullptr;
    PyObject* source = nullptr;
};

bool is_name(PyObject* key, PyObject* name) noexcept { return key == name || PyUnicode_Compare(key, name) == 0; }

bool parse(PyObject* const* args, Py_ssize_t count, PyObject* names, CheckArguments& out) noexcept {
    if (count > 1) {
        PyErr_Format(PyExc_TypeError, "check() takes one text (for many use check_batch), %zd were given", count);
        return false;
    }
    if (count == 1) {
        out.text = args[0];
    }
    const Py_ssize_t named = names == nullptr ? 0 : PyTuple_GET_SIZE(names);
    for (Py_ssize_t i = 0; i < named; ++i) {
        PyObject* key = PyTuple_GET_ITEM(names, i);
        PyObject* value = args[count + i];
        if (is_name(key, name_source)) {
            out.source = value;
        } else if (is_name(key, name_messages)) {
            out.messages = value;
        } else if (is_name(key, name_text) && out.text == nullptr) {
            out.text = value;
        } else {
            PyErr_Format(PyExc_TypeError, "check() got an unexpected argument %R", key);
            return false;
        }
    }
    if (out.messages == Py_None) {
        out.messages = nullptr;
    }
    if (out.text == Py_None && out.messages != nullptr) {
        out.text = nullptr;
    }
    if ((out.text == nullptr) == (out.messages == nullptr)) {
        PyErr_SetString(PyExc_TypeError, "check() takes either a text or messages=[...]");
        return false;
    }
    return true;
}

PyObject* check(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) noexcept {
    CheckArguments arguments;
    if (!parse(args, count, names, arguments)) {
        return nullptr;
    }
    std::uint8_t source = 1;  // user
    if (arguments.source != nullptr && !source_of(arguments.source, source)) {
        return nullptr;
    }
    if (arguments.messages != nullptr) {
        Ref source_name = make_str(kSources[source]);
        return PyObject_CallMethodObjArgs(self, name_check_messages, arguments.messages, source_name.get(), nullptr);
    }
    Text text;
    if (!text_of(arguments.text, text, "text")) {
        return nullptr;
    }
    const Hold hold(self);
    return hold ? check_text(self, hold, text, arguments.text, source).release() : nullptr;
}

PyObject* no_model(PyObject*, PyObject*) noexcept { Py_RETURN_NONE; }

void dealloc(PyObject* object) noexcept {
    PyTypeObject* type = Py_TYPE(object);
    release(reinterpret_cast<GuardObject*>(object)->state);
    type->tp_free(object);
    Py_DECREF(type);
}

template <class F>
PyCFunction as_method(F* function) noexcept {
    return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

PyMethodDef methods[] = {
    {"check", as_method(&check), METH_FASTCALL | METH_KEYWORDS,
     "check($self, text=None, *, messages=None, source='user')\n--\n\nJudge a text or a conversation."},
    {"check_batch", as_method(&guard_check_batch), METH_VARARGS | METH_KEYWORDS,
     "check_batch($self, texts, *, source='user', threads=0)\n--\n\nJudge many texts on all cores; equal to the loop."},
    {"check_arrow", as_method(&guard_check_arrow), METH_VARARGS | METH_KEYWORDS,
     "check_arrow($self, column, *, source='user', threads=0)\n--\n\nJudge a column of Arrow strings without copying "
     "it."},
    {"redact", as_method(&guard_redact), METH_VARARGS | METH_KEYWORDS,
     "redact($self, text, *, source='user')\n--\n\nReplace secrets and personal data by placeholders."},
    {"explain", as_method(&guard_explain), METH_VARARGS | METH_KEYWORDS,
     "explain($self, text, *, source='user')\n--\n\nEvery step's value for one text."},
    {"_protect", &guard_protect, METH_VARARGS, "_protect($self, name, text)\n--\n\nRecognise a text from now on."},
    {"_protect_word", &guard_protect_word, METH_VARARGS,
     "_protect_word($self, name, word)\n--\n\nRecognise a canary from now on."},
    {"_make_canary", &guard_make_canary, METH_NOARGS, "_make_canary($self)\n--\n\nA word that nobody else has."},
    {"_protected", &guard_protected, METH_NOARGS, "_protected($self)\n--\n\nNames of what is recognised."},
    {"unprotect", &guard_unprotect, METH_O,
     "unprotect($self, name, /)\n--\n\nForget a protected text or canary; False where there is none of that name."},
    {"leaks", as_method(&guard_leaks), METH_VARARGS | METH_KEYWORDS,
     "leaks($self, text, *, source='assistant')\n--\n\nWhat of a text is protected: (name, start, end) in code "
     "points."},
    {"_score_windows", &no_model, METH_VARARGS, "No model; overridden by Guard."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot slots[] = {
    {Py_tp_dealloc, reinterpret_cast<void*>(&dealloc)},
    {Py_tp_init, reinterpret_cast<void*>(&guard_init)},
    {Py_tp_new, reinterpret_cast<void*>(&PyType_GenericNew)},
    {Py_tp_methods, methods},
    {Py_tp_doc, const_cast<char*>("GuardBase(pack, policy, model, scorer=None, deep=None, deep_scorer=None)\n--\n\n"
                                  "The native part of Guard.")},
    {0, nullptr}};
PyType_Spec spec = {"fastguard._core.GuardBase", sizeof(GuardObject), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                    slots};

Ref as_bytes(const void* data, std::size_t size) noexcept {
    return Ref(PyBytes_FromStringAndSize(static_cast<const char*>(data), static_cast<Py_ssize_t>(size)));
}

// Logits of `windows` windows, or empty with (failed) or without (no model) an exception set.
Ref score_windows(PyObject* guard, PyObject* scorer, std::span<const std::int32_t> ids,
                  std::span<const float> dense) noexcept {
    const Ref id_bytes = as_bytes(ids.data(), ids.size_bytes());
    const Ref dense_bytes = as_bytes(dense.data(), dense.size_bytes());
    const Ref windows(PyLong_FromSize_t(ids.size() / kWindowIds));
    if (!id_bytes || !dense_bytes || !windows) {
        return {};
    }
    Ref logits(scorer != nullptr
                   ? PyObject_CallFunctionObjArgs(scorer, id_bytes.get(), dense_bytes.get(), windows.get(), nullptr)
                   : PyObject_CallMethodObjArgs(guard, name_score_windows, id_bytes.get(), dense_bytes.get(),
                                                windows.get(), nullptr));
    return logits && logits.get() == Py_None ? Ref() : std::move(logits);
}

bool good_logits(PyObject* logits, std::size_t windows, std::size_t labels) noexcept {
    const std::size_t wanted = windows * labels * sizeof(float);
    if (!PyBytes_Check(logits) || static_cast<std::size_t>(PyBytes_GET_SIZE(logits)) != wanted) {
        PyErr_Format(PyExc_RuntimeError, "a model must return %zu bytes of float32 logits", wanted);
        return false;
    }
    return true;
}

std::span<const float> floats(PyObject* bytes) noexcept {
    return {reinterpret_cast<const float*>(PyBytes_AS_STRING(bytes)),
            static_cast<std::size_t>(PyBytes_GET_SIZE(bytes)) / sizeof(float)};
}

}  // namespace

Hold::Hold(PyObject* guard) noexcept {
    auto* object = reinterpret_cast<GuardObject*>(guard);
#if defined(Py_GIL_DISABLED)
    Py_BEGIN_CRITICAL_SECTION(guard);
#endif
    state_ = object->state;
    if (state_ != nullptr) {
        state_->references.fetch_add(1, std::memory_order_relaxed);
    }
#if defined(Py_GIL_DISABLED)
    Py_END_CRITICAL_SECTION();
#endif
    if (state_ == nullptr) {
        PyErr_SetString(PyExc_RuntimeError, "this Guard was never initialised: call super().__init__()");
    }
}

Hold::~Hold() { release(state_); }

void swap_state(PyObject* guard, std::unique_ptr<EngineState> state) noexcept {
    EngineState* old = nullptr;
#if defined(Py_GIL_DISABLED)
    Py_BEGIN_CRITICAL_SECTION(guard);
#endif
    old = std::exchange(reinterpret_cast<GuardObject*>(guard)->state, state.release());
#if defined(Py_GIL_DISABLED)
    Py_END_CRITICAL_SECTION();
#endif
    release(old);
}

namespace {

// The text that is checked as UTF-8 in a bytes object. Throws std::bad_alloc.
Ref utf8_bytes(const Text& text, std::uint64_t max_bytes) {
    const std::size_t units = std::min<std::uint64_t>(text.units, max_bytes);
    if (text.is_bytes()) {
        return as_bytes(text.data, units);
    }
    std::size_t surrogates = 0;
    std::vector<char> utf8(4 * units + kTranscodeSlack);
    return as_bytes(utf8.data(), transcode(text, 0, units, utf8.data(), surrogates));
}

// Asks the deep scorer about one text: (bytes of float32 logits, none where it has nothing to say, and
// whether it saw all of it), or None. False on failure.
bool ask_deep(const Hold& hold, std::uint8_t source, const Text& text, CheckResult& result) {
    const Engine& engine = hold.engine();
    const std::size_t labels = engine.deep()->labels.size();
    const Ref utf8 = utf8_bytes(text, engine.policy().max_bytes);
    const Ref answer(utf8 ? PyObject_CallOneArg(hold.deep_scorer(), utf8.get()) : nullptr);
    if (!answer) {
        return false;
    }
    if (answer.get() == Py_None) {
        engine.decide_without_deep(source, result);
        return true;
    }
    if (!PyTuple_Check(answer.get())) {
        PyErr_Format(PyExc_TypeError, "a deep model must return a tuple or None, not %.100s",
                     Py_TYPE(answer.get())->tp_name);
        return false;
    }
    PyObject* logits = nullptr;
    int complete = 0;
    if (PyArg_ParseTuple(answer.get(), "Sp:deep_scorer", &logits, &complete) == 0) {
        return false;
    }
    if (PyBytes_GET_SIZE(logits) == 0) {
        engine.decline_deep(result);
        return true;
    }
    if (!good_logits(logits, 1, labels)) {
        return false;
    }
    engine.decide_deep(floats(logits), complete != 0, source, result);
    return true;
}

bool ask_fast(PyObject* guard, const Hold& hold, std::uint8_t source, std::span<CheckResult> results) noexcept {
    constexpr std::size_t kBatchWindows = 256;
    const Engine& engine = hold.engine();
    if (engine.gate() == nullptr) {
        return true;  // without a gate nothing is left undecided
    }
    const std::size_t labels = engine.gate()->labels().size();
    std::vector<std::int32_t> ids;
    std::vector<float> dense;
    for (std::size_t begin = 0; begin < results.size();) {
        ids.clear();
        dense.clear();
        std::size_t end = begin;
        for (; end < results.size() && ids.size() < kBatchWindows * kWindowIds; ++end) {
            if (results[end].undecided) {
                ids.insert(ids.end(), results[end].window_ids.begin(), results[end].window_ids.end());
                dense.insert(dense.end(), results[end].window_dense.begin(), results[end].window_dense.end());
            }
        }
        const std::size_t windows = ids.size() / kWindowIds;
        if (windows != 0) {
            const Ref logits = score_windows(guard, hold.scorer(), ids, dense);
            if (PyErr_Occurred() != nullptr || (logits && !good_logits(logits.get(), windows, labels))) {
                return false;
            }
            std::size_t at = 0;
            for (std::size_t i = begin; i < end; ++i) {
                if (!results[i].undecided) {
                    continue;
                }
                const std::size_t count = results[i].window_scores.size() * labels;
                if (logits) {
                    engine.decide(floats(logits.get()).subspan(at, count), source, results[i]);
                } else {
                    engine.decide_without_model(source, results[i]);
                }
                at += count;
            }
        }
        begin = end;
    }
    return true;
}

}  // namespace

bool ask_models(PyObject* guard, const Hold& hold, std::uint8_t source, std::span<const Text> texts,
                std::span<CheckResult> results) noexcept {
    if (!ask_fast(guard, hold, source, results)) {
        return false;
    }
    try {
        for (std::size_t i = 0; hold.deep_scorer() != nullptr && i < results.size(); ++i) {
            if (results[i].open && (!ask_deep(hold, source, texts[i], results[i]) || PyErr_CheckSignals() < 0)) {
                return false;
            }
        }
        return true;
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return false;
    }
}

bool check_released(const Engine& engine, const Text& text, std::uint8_t source, CheckResult& result) noexcept {
    if (text.units <= kReleaseBytes) {
        engine.check(text, source, thread_scratch(), result);
        return true;
    }
    using Clock = std::chrono::steady_clock;
    constexpr std::chrono::milliseconds kBetweenSignals(20);
    bool interrupted = false;
    PyThreadState* thread = PyEval_SaveThread();
    Engine::begin(result);
    try {
        Scratch& scratch = thread_scratch();
        SegmentReader reader(text, engine.policy().max_bytes, scratch.transcoded);
        Clock::time_point looked = Clock::now();
        for (Segment segment; !interrupted && Engine::goes_on(result) && reader.next(segment);) {
            engine.read(segment, source, scratch, result);
            if (!segment.last && Clock::now() - looked > kBetweenSignals) {
                take_gil(thread);
                interrupted = PyErr_CheckSignals() < 0;  // a handler may check texts with this scratch
                thread = PyEval_SaveThread();
                looked = Clock::now();
            }
        }
        if (reader.truncated()) {
            result.set(Truncated::max_bytes);
        }
    } catch (const std::bad_alloc&) {
        result.set(Degraded::memory);
    }
    engine.end(source, result);
    take_gil(thread);
    return !interrupted;
}

Ref check_text(PyObject* guard, const Hold& hold, const Text& text, PyObject* owner, std::uint8_t source) noexcept {
    Scratch& scratch = thread_scratch();
    CheckResult& result = scratch.result;
    if (text.units > kReleaseBytes) {
        // Handlers of signals may check other texts on this thread meanwhile.
        CheckResult own = std::move(result);
        const bool done = check_released(hold.engine(), text, source, own);
        result = std::move(own);
        if (!done) {
            return {};
        }
    } else {
        hold.engine().check(text, source, scratch, result);
    }
    if (result.undecided || result.open) {
        // The model's code may check other texts on this thread: the result must not live in the scratch meanwhile.
        CheckResult own = std::move(result);
        const bool asked = ask_models(guard, hold, source, {&text, 1}, {&own, 1});
        result = std::move(own);
        if (!asked) {
            return {};
        }
    }
    return make_verdict(result, owner, hold.metas());
}

bool is_guard(PyObject* object) noexcept { return PyObject_TypeCheck(object, guard_type) != 0; }

int add_guard_type(PyObject* module) noexcept {
    name_source = PyUnicode_InternFromString("source");
    name_messages = PyUnicode_InternFromString("messages");
    name_text = PyUnicode_InternFromString("text");
    name_check_messages = PyUnicode_InternFromString("_check_messages");
    name_score_windows = PyUnicode_InternFromString("_score_windows");
    guard_type = reinterpret_cast<PyTypeObject*>(PyType_FromSpec(&spec));
    return guard_type == nullptr ? -1
                                 : PyModule_AddObjectRef(module, "GuardBase", reinterpret_cast<PyObject*>(guard_type));
}

}  // namespace fastguard::python
