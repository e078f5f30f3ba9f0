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
    "able across add added again against age ago agree air along already although among amount app apply area around "
    "article asked async available average avoid based batch become been behind believe benefits best better bit board "
    "body box branch bread break brief broken brother budget bug build building business button buy cache called came "
    "cannot care case cause center change changed changes character chart check checks chicken chapter choose class "
    "clean clear client close clothes cloud coffee column columns come coming common community compare complete "
    "computer concept configuration connection consider contain contains control cook correct cost could country "
    "couple "
    "course cover create created current cut daily dance database date deal default deep define deploy describe design "
    "detail details device difference different difficult dinner direct directory disk docker done door down draft "
    "draw "
    "drink drive driver during early easily easy effect either else employee empty english ensure entire entries entry "
    "error errors especially essay even evening event events ever everyone exactly expect experience extra fact fails "
    "failed false fast feature feel feeling field fields figure fill final finally fine finish fish fix floor focus "
    "food "
    "force format friendly front function future game garden general given goes going gone great green ground grow "
    "guide "
    "half happen happened happy health heart heavy height held higher history hold hope hotel hours however human "
    "hundred "
    "ideas image images improve include including increase index indeed input inside install interest interview issue "
    "issues item items itself job join key knew knowledge language large last later law lead leader learning least "
    "less "
    "lesson level library line lines local location log logs longer look looking lost lower lunch machine main manage "
    "manager market matter maximum maybe mean means meet member memory mention menu method middle might mind minute "
    "minutes missing mode modern moment month months morning mother music myself natural near necessary network news "
    "nice "
    "none normal note notes object offer office often older once online option options original others output outside "
    "own package page paper parameter parents park part party pass path pattern pay performance perhaps period person "
    "phone photo piece plan please point poem poor popular position possible post power practice prepare present price "
    "private probably problem problems process product program project proper provide public purpose quality query "
    "quick quickly quite random range rate rather reach ready real reason receive recent recipe record red reduce "
    "regular related release remember remove replace request required research reset rest restart result results "
    "review "
    "rice road role room row rows running safe sale same sample save says schedule school science search season "
    "section "
    "self sell sense sentences server service session several share shop short shows similar simple since single "
    "sister "
    "site size skills sleep slow small smart social software solution solve somebody someone sometimes son sort sound "
    "source space special speed spend sport staff stage standard start state status stay store stories story street "
    "string strong student students style subject suggest summer sun support sure surface table taken taking target "
    "taste teach teacher team technical term test tests theory things third though thousand throw ticket times title "
    "today together told tone top topic total touch toward track traffic train training travel trip trouble true truth "
    "turn type types under understand unit until update upon used useful user using usually value values various "
    "version "
    "video view visit voice volunteer wait wall warm warning weather week weeks weight went whether whole wide wife "
    "window winter within woman women worked working works worry worth would writing written wrong yesterday young "
    "yourself "
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
    "mot nguoi cho na ya wa kwa ni katika za ng sa ang mga ay ko hai ka ki ke ko se aur mein nahi kya "
    // German, more
    "alles allen aller allem dir mir dich mich uns euch unser unsere dein deine deinen meine meinen sein seine "
    "seinen ihre ihren ihrem hat habe haben hast war waren wird werden wurde wurden sind bin bist muss musst soll "
    "sollst sollte darf durfen kein keine keinen keiner mehr immer schon jetzt hier dort dann wann warum weil dass "
    "diese dieser dieses diesen diesem jede jeder jedes vom zum zur beim ins ohne gegen durch unter uber zwischen "
    "ganz sehr viel viele wenig gut neu neue ersten letzte letzten anderen andere frage fragen antwort antworte "
    "antworten sage sagen zeige zeig gib schreibe schreib sende schicke regeln regel vorher vorherigen bisherigen "
    "obigen folgende nachricht daten wort worter tag jahr zeit mensch leben haus welche welcher welches konnen "
    "konnte machen mache heute morgen gestern vergessen "
    // French, more
    "vos votre leur leurs mes mon tes ton ta notre nos lui eux moi toi etre avoir fait faire fais faites dire dis "
    "peux peut pouvez veux veut dois doit suis sommes etes ont avez avons ai etait cet ces cela ceci ici tres bien "
    "aussi encore toujours jamais rien quelque quelques chaque autre autres meme memes sans sous vers chez avant "
    "apres depuis pendant alors donc quand comment pourquoi quel quelle quels quelles moins oublie oubliez regles "
    "regle consignes consigne precedentes precedente precedents uniquement seulement demande reponds repondre "
    "reponse montre affiche ecris envoie mots texte systeme questions nouvelle nouveau maintenant desormais recues "
    "limite limites "
    // Spanish, more
    "eres soy somos fue era ser estar estoy estas estan tiene tienes tengo hay hacer haz hace hecho puede puedes "
    "puedo debe debes quiero quiere decir dime dice dieron dijo mis tus nuestro nuestra esto eso ese esa esos esas "
    "estos aquel alli aqui ahora nunca siempre tambien solo todavia antes despues desde hasta hacia segun cada otro "
    "otra otros otras mismo misma mal muchos mucho poco nada algo alguien nadie quien cual cuales donde cuanto pues "
    "entonces olvidar reglas regla instruccion restricciones responde responder respuesta muestra mostrar escribe "
    "envia revela pregunta preguntas cualquier texto mensaje sistema palabra palabras ordene orden ordenes previas "
    "previo anterior "
    // Portuguese, more
    "voces eles elas sua seus suas meu minha teu tua isto aquele aquela essa esse estou sao tem tenho ter fazer "
    "faca faz pode posso deve dizer diga mostre mostra escreva escrito envie responda resposta pergunta perguntas "
    "esqueca regras regra depois agora sempre tambem muito muitos pouco quem qual quais onde quando entao sem sob "
    "outro outra outros outras mesmo mesma tudo toda todos quero mensagem palavra palavras pelos pelas nas num numa "
    // Italian, more
    "siamo siete essere avere ha abbiamo hanno fare fai fatto puo puoi devi voglio dimmi detto mostrami mostrare "
    "scrivi scrivere invia rispondi rispondere risposta domanda domande dimentica regole regola ricevute finora "
    "prima dopo adesso ora molto molti niente nulla qualcosa chi quale quali dove perche quindi senza sotto sopra "
    "fino verso ogni altro altra altri altre stesso stessa tutto tutti tutta mio mia tuo suo nostro questa questi "
    "queste quello quella dal dalla dai alla allo nella nei sul sulla parola testo messaggio istruzione restrizione "
    "restrizioni limiti alcuna alcun uno "
    // Dutch, more
    "niets geen wel meer altijd nooit onze jouw hun wij jullie ben bent wordt worden kunt moet moeten wil zeg geef "
    "toon schrijf stuur antwoord vraag vragen regels vorige eerdere bericht systeem woord tekst zonder tegen onder "
    "tussen elke zelfde";

// A word, and what may be read behind it.
using Padded = std::array<char, kLongestCommon + 8>;

// visit(word, size) for each of the words.
template <class Visit>
void each_word(const Visit& visit) {
    for (std::size_t at = 0; at < kWords.size();) {
        const std::size_t end = std::min(kWords.find(' ', at), kWords.size());
        Padded word{};
        const std::size_t size = std::min(end - at, kLongestCommon);
        std::copy_n(kWords.data() + at, size, word.data());
        visit(word, size);
        at = end + 1;
    }
}

}  // namespace

WordBits::WordBits() noexcept {
    each_word([this](const Padded& word, std::size_t size) {
        const std::uint64_t hash = hash_bytes(word.data(), size);
        bits_[hash >> 53U] |= wanted(hash);
        std::size_t place = hash % hashes_.size();
        while (hashes_[place] != 0 && hashes_[place] != hash) {
            place = (place + 1) % hashes_.size();
        }
        hashes_[place] = hash;
    });
}

MovedWords::MovedWords() noexcept {
    each_word([this](Padded word, std::size_t size) {
        if (size < 2) {
            return;
        }
        for (int mirrored = 0; mirrored < 2; ++mirrored) {
            const std::uint64_t steps = hash_of_steps(word.data(), size);
            bits_[steps >> 54U] |= wanted(steps);
            std::transform(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(size), word.begin(),
                           [](char c) { return static_cast<char>('a' + 'z' - c); });
        }
    });
}

const WordBits kCommonWords;
const MovedWords kMovedWords;

bool is_common_word(std::string_view word) noexcept {
    if (word.empty() || word.size() > kLongestCommon) {
        return false;
    }
    std::array<char, kLongestCommon + 8> copy{};
    std::copy_n(word.data(), word.size(), copy.data());
    return is_common(hash_bytes(copy.data(), word.size()));
}

WordMeter::Count WordMeter::end() noexcept {
    count_.letters += size_;
    count_.common += size_ > 1 && size_ <= word_.size() && is_common_word({word_.data(), size_}) ? size_ : 0;
    size_ = 0;
    return count_;
}

}  // namespace fastguard::decoding
