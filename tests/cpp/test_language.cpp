// Languages: told by script or by letter groups; texts without letters have none; segments cover the text.
#include "check.h"
#include "fastguard/language.h"

#include <string>

namespace {

void scripts_with_one_language_tell_it() {
    CHECK_EQUAL(fastguard::language_of(U"Πού είναι ο σταθμός;").language, "el");
    CHECK_EQUAL(fastguard::language_of(U"駅はどこですか").language, "ja");
    CHECK_EQUAL(fastguard::language_of(U"역이 어디에 있어요").language, "ko");
    CHECK_EQUAL(fastguard::language_of(U"کتابخانه کجاست و چه ساعتی باز می‌شود").script,
                "Arabic");
}

void letter_groups_tell_the_others() {
    CHECK_EQUAL(fastguard::language_of(U"Wo ist hier der nächste Bahnhof, und wann fährt der Zug?").language, "de");
    CHECK_EQUAL(fastguard::language_of(U"Where is the station, and when does the next train leave?").language, "en");
    CHECK_EQUAL(fastguard::language_of(U"Где находится вокзал и когда отправляется поезд?").language, "ru");
}

void what_has_no_letters_has_no_language() {
    for (const std::u32string_view text : {U"", U"12:30", U"?!", U"\U0001F642"}) {
        CHECK_EQUAL(fastguard::language_of(text).language, "");
        CHECK_EQUAL(fastguard::language_of(text).confidence, 0.0);
    }
    const std::u32string beyond = {static_cast<char32_t>(0x110000), static_cast<char32_t>(0xFFFFFFFF), U'\uD7FF'};
    CHECK_EQUAL(fastguard::language_of(beyond).confidence <= 1.0, true);
}

void segments_cover_the_text() {
    const std::u32string_view text =
        U"Where is the station, and when does the next train leave today?\n"
        U"Где находится вокзал и когда отправляется следующий поезд?\n";
    const auto segments = fastguard::language_segments(text);
    CHECK_EQUAL(segments.size(), 2U);
    CHECK_EQUAL(segments.front().begin, 0U);
    CHECK_EQUAL(segments.front().guess.language, "en");
    CHECK_EQUAL(segments.back().guess.language, "ru");
    CHECK_EQUAL(segments.front().end, segments.back().begin);
    CHECK_EQUAL(segments.back().end, text.size());
}

void long_texts_are_told_by_their_beginning() {
    std::u32string text(fastguard::kLanguageLetters, U'α');
    text.append(100000, U'я');
    CHECK_EQUAL(fastguard::language_of(text).language, "el");
}

}  // namespace

int main() {
    scripts_with_one_language_tell_it();
    letter_groups_tell_the_others();
    what_has_no_letters_has_no_language();
    segments_cover_the_text();
    long_texts_are_told_by_their_beginning();
    return check::result();
}
