"""Hosts of small honest sites, made up: bakeries, clubs, dentists, parishes, schools and blogs of twenty-four countries.

Lists of reported links and documentation know no such sites, and a score that learns of those two takes some of them for
the former. Each row holds what such hosts are put together of where they stand: trades and clubs, surnames and first
names, places. Nothing here was looked up; where a made-up host exists, it is by chance.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Final

# Suffixes; trades, shops and clubs; names; places; words of a path.
_COUNTRIES: Final[tuple[tuple[str, str, str, str, str], ...]] = (
    ("com co.uk org uk net org.uk", "bakery dental plumbing roofing cafe barbers florist choir rowing-club garage joinery physio bridal kennels nursery brewery pottery books bikes optician vets cleaning electrical tutors yoga pilates catering farmshop guesthouse locksmith carpentry allotments parishcouncil scouts cricket",
     "smith harris walker hughes bennett oconnor fletcher marsh perkins doyle", "riverside oakdale harrogate stroud bath kendal whitby ashford northside hilltop", "about contact menu opening-times gallery prices team news"),
    ("com org net us", "dentistry realty landscaping towing pizzeria diner orthodontics chiropractic lawfirm insurance churchofchrist animalhospital autobody heating plumbing quilting littleleague taxidermy bbq coffee vineyards farms daycare pta library",
     "johnson miller garcia davis wilson martinez anderson cooper nguyen kowalski", "lakeside springfield boise tulsa savannah maplewood cedarcreek tucson duluth sonoma", "about-us contact menu services testimonials hours staff"),
    ("de com eu org", "baeckerei zahnarzt tischlerei schreinerei elektro sanitaer malerbetrieb friseur gasthof tsv fcvb musikschule grundschule kita tierarzt physiotherapie steuerberater kanzlei optik weingut imkerei gaertnerei fahrschule autohaus feuerwehr kirche chor buchhandlung apotheke ferienwohnung reitverein",
     "huber mueller schmidt wagner becker hoffmann schaefer koch bauer richter", "neustadt koeln muenchen aschaffenburg lindau bodensee harz allgaeu jena celle", "kontakt impressum leistungen ueber-uns aktuelles oeffnungszeiten speisekarte anfahrt"),
    ("at co.at", "installateur zahnarzt gasthaus tischlerei heuriger schischule pension musikverein volksschule baeckerei", "gruber steiner moser pichler leitner", "graz villach linz krems zillertal wachau", "kontakt impressum zimmer preise"),
    ("ch com", "zahnarztpraxis schreinerei gasthof malergeschaeft turnverein garage metzgerei musikgesellschaft physio", "meier keller brunner frei zuercher", "winterthur thun chur emmental aarau", "kontakt angebot team impressum"),
    ("fr com asso.fr", "boulangerie cabinet menuiserie plomberie coiffure fleuriste restaurant garage notaire gite chambresdhotes ecole chorale judo petanque mairie pharmacie opticien librairie fromagerie vignoble osteopathe", "dupont martin lefevre moreau girard roux fournier lambert mercier blanc", "lyon annecy dijon rennes provence ardeche bearn limoges nantes", "contact accueil tarifs carte horaires actualites galerie"),
    ("be", "bakkerij tandarts slagerij kapper garage schrijnwerker frituur scouts basisschool", "peeters janssens maes claes dubois", "gent leuven namur brugge hasselt", "contact menu nieuws openingsuren"),
    ("es com org cat", "panaderia clinicadental fontaneria peluqueria restaurante bodega taller floristeria abogados farmacia colegio coral clubdetenis autoescuela carpinteria optica libreria veterinaria casarural", "garcia lopez fernandez ruiz navarro ortega vidal serrano molina prieto", "sevilla zamora gijon cadiz girona teruel murcia lugo", "contacto nosotros carta servicios horarios noticias"),
    ("pt com.pt", "padaria clinicadentaria oficina restaurante cabeleireiro advogados farmacia escola quinta turismorural bombeiros", "silva pereira costa oliveira sousa", "porto braga evora coimbra faro", "contactos menu sobre servicos"),
    ("com.br", "padaria odontologia mecanica pizzaria advocacia escola petshop imobiliaria confeitaria academia igreja", "souza almeida barbosa ribeiro cardoso", "curitiba recife goiania pelotas santos", "contato sobre cardapio servicos"),
    ("it com org", "panificio studiodentistico idraulica falegnameria ristorante trattoria parrucchiere farmacia agriturismo cantina scuolamusica coro parrocchia libreria officina avvocati ottica", "rossi ferrari esposito bianchi conti greco marino gallo lombardi fontana", "siena modena lecce trento bergamo umbria salento", "contatti chi-siamo menu orari prezzi galleria"),
    ("nl com", "bakkerij tandarts loodgieter kapsalon schildersbedrijf fietsenwinkel basisschool zangkoor voetbalvereniging hovenier notaris camping", "devries jansen bakker visser smit", "utrecht zwolle delft friesland deventer", "contact over-ons prijzen nieuws"),
    ("dk com", "bageri tandlaege vvs maler frisoer skole kirke efterskole cykler", "hansen nielsen madsen holm", "odense aarhus ribe skagen", "kontakt om-os priser"),
    ("se com nu", "bageri tandlakare ror maleri frisor skola kyrka hembygdsforening snickeri", "andersson lindberg nystrom eklund", "umea kalmar visby falun", "kontakt om-oss priser"),
    ("no com", "bakeri tannlege rorlegger frisor skole korps snekker hytter", "hansen berg dahl lie", "bergen voss lofoten hamar", "kontakt om-oss priser"),
    ("fi com", "leipomo hammaslaakari putki kampaamo koulu kuoro mokki autokoulu", "virtanen korhonen laine niemi", "oulu turku kuopio espoo", "yhteystiedot hinnasto meista"),
    ("pl com.pl eu", "piekarnia stomatolog hydraulik fryzjer restauracja warsztat szkola parafia przedszkole kancelaria meble agroturystyka", "kowalski nowak wisniewski zielinski mazur", "krakow gdynia lublin bielsko mazury", "kontakt o-nas oferta cennik galeria"),
    ("cz", "pekarstvi zubar instalater kadernictvi hospoda skola truhlarstvi autoservis", "novak svoboda dvorak cerny", "brno plzen tabor sumava", "kontakt o-nas cenik"),
    ("hu ro", "pekseg fogorvos etterem vendeghaz iskola brutarie cabinet pensiune scoala", "nagy kovacs popescu ionescu", "eger sopron cluj brasov", "kapcsolat contact meniu arak"),
    ("gr com.gr", "fournos odontiatros taverna xenonas scholeio kafe", "papadopoulos georgiou nikolaou", "nafplio chania volos", "epikoinonia menu"),
    ("com.tr com", "firin dishekimi lokanta kuafor okul oto pansiyon", "yilmaz kaya demir aydin", "bodrum izmir bursa", "iletisim hakkimizda menu"),
    ("ru", "pekarnya stomatologiya salon shkola avtoservis mebel kafe", "ivanov petrova smirnov", "perm omsk tver", "kontakty o-nas uslugi"),
    ("co.jp jp com ne.jp", "dental seikei pan hoikuen soba ryokan nouen kensetsu shika yochien", "tanaka suzuki yamada kobayashi", "sapporo kanazawa hakodate nara", "access menu company contact"),
    ("in co.in com.au ca co.nz ie co.za", "sweets dental tailors school clinic caterers travels plumbing bakery winery surfclub farmstay hurling rugby quilts", "sharma patel mcdonald obrien tremblay botha", "pune jaipur perth hobart galway halifax durban nelson", "contact about gallery menu"),
)  # fmt: skip
_FIRST: Final = ("anna", "peter", "maria", "tom", "julia", "mark", "elena", "paul", "nina", "jan", "sofia", "luca", "emma", "ben")  # fmt: skip
_OTHER_SUFFIXES: Final = ("info", "online", "shop", "site", "club", "store", "biz", "blog", "life", "space", "xyz")
_OTHER_SHARE: Final = 0.06


def small_hosts(count: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield (host, path) of made-up small sites, each host once; seeded."""
    random_ = random.Random(seed)
    seen: set[str] = set()
    while len(seen) < count:
        suffixes, trades, names, places, words = (part.split() for part in random_.choice(_COUNTRIES))
        trade, name, place = random_.choice(trades), random_.choice(names), random_.choice(places)
        first = random_.choice(_FIRST)
        between = random_.choice(("", "-", "-"))
        parts = random_.choice(
            (
                (trade, name), (name, trade), (trade, place), (place, trade), (trade, name, place), (first, name),
                (name, "and", random_.choice(names)), (trade, "am", place), (place, str(random_.randint(1890, 2015))),
                (first, trade), (f"{trade}{random_.randint(1, 99)}",), (name,), ("the", place, trade), (trade, first),
                (place, random_.choice(trades), "ev"), (name, random_.choice(names), trade),
            )
        )  # fmt: skip
        suffix = random_.choice(_OTHER_SUFFIXES) if random_.random() < _OTHER_SHARE else random_.choice(suffixes)
        host = f"{between.join(parts)}.{suffix}"
        if host in seen:
            continue
        seen.add(host)
        path = "/".join(random_.sample(words, random_.randint(0, 2)))
        yield host, path + random_.choice(("", "", "/", ".html", ".php")) if path else ""


def small_links(count: int, seed: int) -> Iterator[str]:
    """Yield links to them as people write them."""
    random_ = random.Random(seed + 1)
    for host, path in small_hosts(count, seed):
        www = "www." if random_.random() < 0.5 and host.count(".") < 3 else ""
        yield f"{random_.choice(('https', 'https', 'http'))}://{www}{host}/"
        yield f"https://{www}{host}" if random_.random() < 0.5 else f"https://{www}{host}/{path}"
