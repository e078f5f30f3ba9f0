// `check_batch`: many texts, all cores, without the GIL.
#include "guard_object.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <memory>
#include <new>
#include <thread>
#include <vector>

namespace fastguard::python {
namespace {

constexpr std::size_t kRound = 16384;  // texts between two looks at signals and two turns of the model
constexpr std::size_t kTake = 32;      // texts a thread takes at once

// Checks texts [begin, begin + results.size()) on `threads` threads, this one among them.
void check_round(const Engine& engine, std::span<const Text> texts, std::uint8_t source, std::size_t threads,
                 std::span<CheckResult> results) noexcept {
    std::atomic<std::size_t> next = 0;
    const auto work = [&]() noexcept {
        Scratch& scratch = thread_scratch();
        for (std::size_t begin = next.fetch_add(kTake); begin < texts.size(); begin = next.fetch_add(kTake)) {
            const std::size_t end = std::min(texts.size(), begin + kTake);
            for (std::size_t i = begin; i < end; ++i) {
                if (texts[i].data != nullptr) {
                    engine.check(texts[i], source, scratch, results[i]);
                }
            }
        }
    };
    std::vector<std::thread> helpers;
    try {
        for (std::size_t i = 1; i < threads && i * kTake < texts.size(); ++i) {
            helpers.emplace_back(work);
        }
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
        // No more threads or no memory for them: those there are do the work.
    }
    work();
    for (std::thread& helper : helpers) {
        helper.join();
    }
}

PyObject* owner_of_item(void* items, std::size_t index) {
    return Py_NewRef(PyTuple_GET_ITEM(static_cast<PyObject*>(items), static_cast<Py_ssize_t>(index)));
}

}  // namespace

Ref check_texts(PyObject* guard, const Hold& hold, std::span<const Text> texts, OwnerFunction owner, void* context,
                std::uint8_t source, Py_ssize_t threads) noexcept {
    const std::size_t workers =
        threads > 0 ? static_cast<std::size_t>(threads) : std::max(1U, std::thread::hardware_concurrency());
    Ref verdicts(PyList_New(static_cast<Py_ssize_t>(texts.size())));
    if (!verdicts) {
        return verdicts;
    }
    try {
        std::vector<CheckResult> results(std::min(kRound, texts.size()));
        for (std::size_t begin = 0; begin < texts.size(); begin += kRound) {
            const std::size_t count = std::min(kRound, texts.size() - begin);
            const std::span<const Text> round = texts.subspan(begin, count);
            const std::span<CheckResult> found(results.data(), count);
            PyThreadState* thread = PyEval_SaveThread();
            check_round(hold.engine(), round, source, workers, found);
            take_gil(thread);
            for (std::size_t i = 0; i < count; ++i) {
                if (round[i].data == nullptr) {
                    found[i].clear();
                }
            }
            if (!ask_models(guard, hold, source, round, found) || PyErr_CheckSignals() < 0) {
                return {};
            }
            for (std::size_t i = 0; i < count; ++i) {
                Ref item = Ref::borrow(Py_None);
                if (round[i].data != nullptr) {
                    const Ref text = found[i].findings.empty() ? Ref::borrow(Py_None) : Ref(owner(context, begin + i));
                    item = text ? make_verdict(found[i], text.get(), hold.metas()) : Ref();
                }
                if (!item) {
                    return {};
                }
                PyList_SET_ITEM(verdicts.get(), static_cast<Py_ssize_t>(begin + i), item.release());
            }
        }
    } catch (const std::bad_alloc&) {
        PyErr_NoMemory();
        return {};
    }
    return verdicts;
}

PyObject* guard_check_batch(PyObject* self, PyObject* args, PyObject* kwargs) noexcept {
    static const char* names[] = {"texts", "source", "threads", nullptr};
    PyObject* sequence = nullptr;
    PyObject* source_name = nullptr;
    Py_ssize_t threads = 0;
    if (PyArg_ParseTupleAndKeywords(args, kwargs, "O|$On:check_batch", const_cast<char**>(names), &sequence,
                                    &source_name, &threads) == 0) {
        return nullptr;
    }
    std::uint8_t source = 1;
    if (source_name != nullptr && !source_of(source_name, source)) {
        return nullptr;
    }
    if (PyUnicode_Check(sequence) || PyBytes_Check(sequence)) {
        PyErr_SetString(PyExc_TypeError, "texts must be a sequence of str or bytes, not one text (for one use check)");
        return nullptr;
    }
    // A tuple of its own: another thread may change a list while the GIL is released.
    const Ref items(PySequence_Tuple(sequence));
    if (!items) {
        return nullptr;
    }
    const Hold hold(self);
    if (!hold) {
        return nullptr;
    }
    try {
        std::vector<Text> texts(static_cast<std::size_t>(PyTuple_GET_SIZE(items.get())));
        for (std::size_t i = 0; i < texts.size(); ++i) {
            PyObject* item = PyTuple_GET_ITEM(items.get(), static_cast<Py_ssize_t>(i));
            if (!text_of(item, texts[i], "texts", static_cast<Py_ssize_t>(i))) {
                return nullptr;
            }
        }
        return check_texts(self, hold, texts, &owner_of_item, items.get(), source, threads).release();
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    }
}

}  // namespace fastguard::python
