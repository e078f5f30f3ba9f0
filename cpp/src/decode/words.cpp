#include "words.h"

#include "fastguard/tokenizer.h"

#include <algorithm>
#include <array>

namespace fastguard::decoding {
namespace {

constexpr std::string_view kWords =
    // English: small words, then what people ask of an assistant.
    "the of and to in is you that it he was for on are as with his they at be this have from or one had by but not "
    "what "
    "all were we when your can said there use an each which she do how their if will up other about out many then them "
    "these so some her would make like him into time has look two more write go see number no way could people my than "
    "first been call who its now find long down day did get come made may part over new take only little work know "
    "place "
    "year live me back give most very after thing our just name good sentence man think say great where help through "
    "much "
    "before line right too mean old any same tell follow came want show also around form three small set put end does "
    "another well large must big even such because turn here why ask went men read need land different home us move "
    "try "
    "kind hand picture again change off play spell air away animal house point page letter mother answer found study "
    "still learn should america world high every near add food between own below country plant last school father keep "
    "tree never start city earth eyes light thought head under story saw left few while along might close something "
    "seem "
    "next hard open example begin life always those both paper together got group often run important until children "
    "side feet car mile night walk white sea began grow took river four carry state once book hear stop without second "
    "later miss idea enough eat face watch far really almost let above girl sometimes mountains cut young talk soon "
    "list "
    "song being leave family it's don't dont im ignore ignored disregard forget previous prior preceding instruction "
    "instructions "
    "system prompt prompts reveal print output respond response reply rules rule message messages user users assistant "
    "model developer mode secret secrets password passwords key keys api token tokens code data file files delete send "
    "email mail account admin bank money information content contents context conversation above everything anything "
    "nothing now pretend act role roleplay character unrestricted restrictions restriction filter filters safety "
    "guidelines guideline policy policies bypass disable enable override execute command commands run shell server "
    "access login credit card number numbers phone address hidden secretly confidential private explain describe "
    "step steps detailed provide please create generate translate text word words decode following exactly repeat "
    "verbatim full initial original hack malware virus weapon bomb drug drugs attack exploit steal kill make build "
    "instead only must should shall question task tasks request answer allowed forbidden free ethical limits limit "
    "without never refuse sorry cannot yes okay ok hello world good morning meeting tomorrow today weather "
    "website link url http https www com html javascript script python function return string import copy paste upload "
    "download document summary summarize summarise customer order product price company team report project "
    "quick brown fox jumps lazy dog hello dear thanks thank best regards love friend friends water fire day "
    // German
    "der die das und ist nicht ein eine einen den dem des zu von mit auf sich ich sie wir ihr du es im wie auch als "
    "aber bei oder wenn was nach aus noch nur kann alle vor bitte vergiss ignoriere anweisungen "
    // French
    "le les et est un une du dans que qui pour pas sur ne se ce avec il elle je nous vous son sa ses plus par mais ou "
    "tout tous toutes cette sont comme au aux ignore instructions "
    // Spanish and Portuguese
    "el la los las de en y no por con para una su al lo como mas pero sus este si porque esta son entre cuando muy sin "
    "sobre todo todas anteriores ignora instrucciones olvida o os da do em um uma nao na mais dos das ao ele ela seu "
    "voce isso foi pela pelo ate ignore instrucoes "
    // Italian
    "di che e il per non sono mi ho lo ma con ti se le ci questo qui bene hai sei del tu della dei delle nel gli anche "
    "piu ignora tutte istruzioni precedenti "
    // Dutch, Afrikaans
    "het een van ik niet dat hij zijn op te aan met voor er maar om dan zou wat mijn men dit zo door over ze bij ook "
    "tot "
    "je mij uit der daar haar naar heb hoe heeft hebben deze negeer alle instructies "
    // Swedish, Danish, Norwegian
    "och att det som pa ar av han inte den jag om ett men har hade ett vi var till fran af med ikke til jeg paa kan "
    "skal "
    // Polish, Czech
    "nie sie na w z i ze to jest do jak co po o tak ale czy za od przez dla jego jej pro jsem jako bylo jeho "
    // Turkish, Finnish, Hungarian, Romanian
    "ve bir bu icin ile da de cok ama daha gibi kadar ne mi ja on ei se han mutta niin kun ovat oli az egy es hogy nem "
    "is meg van si cu nu mai sa care din pe ca este "
    // Indonesian, Vietnamese, Swahili, Tagalog, romanised Hindi
    "yang dan di itu dengan untuk tidak ini dari dalam akan pada juga saya ke bisa ada kamu la va cua khong cac trong "
    "mot nguoi cho na ya wa kwa ni katika za ng sa ang mga ay ko hai ka ki ke ko se aur mein nahi kya";

}  // namespace

WordBits::WordBits() noexcept {
    std::size_t at = 0;
    while (at < kWords.size()) {
        const std::size_t end = std::min(kWords.find(' ', at), kWords.size());
        std::array<char, kLongestCommon + 8> word{};
        const std::size_t size = std::min(end - at, kLongestCommon);
        std::copy_n(kWords.data() + at, size, word.data());
        const std::uint64_t hash = hash_bytes(word.data(), size);
        bits_[hash >> 55U] |= wanted(hash);
        at = end + 1;
    }
}

const WordBits kCommonWords;

bool is_common_word(std::string_view word) noexcept {
    if (word.empty() || word.size() > kLongestCommon) {
        return false;
    }
    std::array<char, kLongestCommon + 8> copy{};
    std::copy_n(word.data(), word.size(), copy.data());
    return is_common(hash_bytes(copy.data(), word.size()));
}

}  // namespace fastguard::decoding
