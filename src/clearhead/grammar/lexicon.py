"""The words of the built-in grammar, in English, French and Spanish.

One row a concept. Nouns: class, then singular, plural (and gender: m or f) for each language. Adjectives:
classes of nouns they go with, English, the French forms (m, f, m plural, f plural) with their place, the
Spanish forms with the copula they take. Verbs: classes of subjects and of objects, then for each language
present singular, present plural, past singular, past plural (English: third person, base, past; French
past: the participle used with avoir).
"""

from dataclasses import dataclass

_NOUNS = """
person  boy boys            garçon garçons m            niño niños m
person  girl girls          fille filles f              niña niñas f
person  man men             homme hommes m              hombre hombres m
person  woman women         femme femmes f              mujer mujeres f
person  king kings          roi rois m                  rey reyes m
person  queen queens        reine reines f              reina reinas f
person  farmer farmers      fermier fermiers m          granjero granjeros m
person  friend friends      ami amis m                  amigo amigos m
person  neighbour neighbours voisin voisins m           vecino vecinos m
person  sailor sailors      marin marins m              marinero marineros m
person  soldier soldiers    soldat soldats m            soldado soldados m
job     student students    étudiant étudiants m        estudiante estudiantes m
job     teacher teachers    professeur professeurs m    profesor profesores m
job     doctor doctors      médecin médecins m          médico médicos m
job     baker bakers        boulanger boulangers m      panadero panaderos m
job     nurse nurses        infirmier infirmiers m      enfermero enfermeros m
job     painter painters    peintre peintres m          pintor pintores m
job     singer singers      chanteur chanteurs m        cantante cantantes m
job     lawyer lawyers      avocat avocats m            abogado abogados m
job     cook cooks          cuisinier cuisiniers m      cocinero cocineros m
animal  cat cats            chat chats m                gato gatos m
animal  dog dogs            chien chiens m              perro perros m
animal  bird birds          oiseau oiseaux m            pájaro pájaros m
animal  horse horses        cheval chevaux m            caballo caballos m
animal  cow cows            vache vaches f              vaca vacas f
animal  mouse mice          souris souris f             ratón ratones m
animal  rabbit rabbits      lapin lapins m              conejo conejos m
animal  wolf wolves         loup loups m                lobo lobos m
animal  bear bears          ours ours m                 oso osos m
animal  duck ducks          canard canards m            pato patos m
animal  goat goats          chèvre chèvres f            cabra cabras f
animal  lion lions          lion lions m                león leones m
food    apple apples        pomme pommes f              manzana manzanas f
food    cake cakes          gâteau gâteaux m            pastel pasteles m
food    egg eggs            œuf œufs m                  huevo huevos m
food    orange oranges      orange oranges f            naranja naranjas f
food    carrot carrots      carotte carottes f          zanahoria zanahorias f
food    tomato tomatoes     tomate tomates f            tomate tomates m
food    banana bananas      banane bananes f            plátano plátanos m
food    pear pears          poire poires f              pera peras f
mass    bread -             pain - m                    pan - m
mass    cheese -            fromage - m                 queso - m
mass    soup -              soupe - f                   sopa - f
drink   milk -              lait - m                    leche - f
drink   coffee -            café - m                    café - m
drink   tea -               thé - m                     té - m
drink   juice -             jus - m                     jugo - m
drink   wine -              vin - m                     vino - m
drink   beer -              bière - f                   cerveza - f
text    book books          livre livres m              libro libros m
text    letter letters      lettre lettres f            carta cartas f
text    newspaper newspapers journal journaux m         periódico periódicos m
opening door doors          porte portes f              puerta puertas f
opening window windows      fenêtre fenêtres f          ventana ventanas f
opening box boxes           boîte boîtes f              caja cajas f
opening bag bags            sac sacs m                  bolsa bolsas f
thing   ball balls          balle balles f              bola bolas f
thing   chair chairs        chaise chaises f            silla sillas f
thing   table tables        table tables f              mesa mesas f
thing   hat hats            chapeau chapeaux m          sombrero sombreros m
thing   shoe shoes          chaussure chaussures f      zapato zapatos m
thing   key keys            clé clés f                  llave llaves f
thing   lamp lamps          lampe lampes f              lámpara lámparas f
thing   clock clocks        horloge horloges f          reloj relojes m
thing   cup cups            tasse tasses f              taza tazas f
thing   knife knives        couteau couteaux m          cuchillo cuchillos m
thing   flower flowers      fleur fleurs f              flor flores f
thing   boat boats          bateau bateaux m            barco barcos m
thing   car cars            voiture voitures f          coche coches m
thing   bicycle bicycles    vélo vélos m                bicicleta bicicletas f
thing   ring rings          bague bagues f              anillo anillos m
thing   coat coats          manteau manteaux m          abrigo abrigos m
thing   dress dresses       robe robes f                vestido vestidos m
place   house houses        maison maisons f            casa casas f
place   garden gardens      jardin jardins m            jardín jardines m
place   school schools      école écoles f              escuela escuelas f
place   street streets      rue rues f                  calle calles f
place   park parks          parc parcs m                parque parques m
place   kitchen kitchens    cuisine cuisines f          cocina cocinas f
place   church churches     église églises f            iglesia iglesias f
place   hotel hotels        hôtel hôtels m              hotel hoteles m
place   castle castles      château châteaux m          castillo castillos m
place   forest forests      forêt forêts f              bosque bosques m
place   market markets      marché marchés m            mercado mercados m
place   bedroom bedrooms    chambre chambres f          dormitorio dormitorios m
place   station stations    gare gares f                estación estaciones f
"""

_ADJECTIVES = """
colour   blue    bleu bleue bleus bleues post             azul azul azules azules ser
colour   red     rouge rouge rouges rouges post           rojo roja rojos rojas ser
colour   green   vert verte verts vertes post             verde verde verdes verdes ser
colour   black   noir noire noirs noires post             negro negra negros negras ser
colour   white   blanc blanche blancs blanches post       blanco blanca blancos blancas ser
colour   yellow  jaune jaune jaunes jaunes post           amarillo amarilla amarillos amarillas ser
colour   grey    gris grise gris grises post              gris gris grises grises ser
any      small   petit petite petits petites pre          pequeño pequeña pequeños pequeñas ser
any      big     grand grande grands grandes pre          grande grande grandes grandes ser
any      pretty  joli jolie jolis jolies pre              bonito bonita bonitos bonitas ser
any      strange étrange étrange étranges étranges post   extraño extraña extraños extrañas ser
living   young   jeune jeune jeunes jeunes pre            joven joven jóvenes jóvenes ser
living   strong  fort forte forts fortes post             fuerte fuerte fuertes fuertes ser
living   calm    calme calme calmes calmes post           tranquilo tranquila tranquilos tranquilas ser
living   brave   courageux courageuse courageux courageuses post valiente valiente valientes valientes ser
living   clever  malin maligne malins malignes post       listo lista listos listas ser
living   tired   fatigué fatiguée fatigués fatiguées post cansado cansada cansados cansadas estar
living   sad     triste triste tristes tristes post       triste triste tristes tristes estar
living   sick    malade malade malades malades post       enfermo enferma enfermos enfermas estar
living   happy   content contente contents contentes post contento contenta contentos contentas estar
people   rich    riche riche riches riches post           rico rica ricos ricas ser
people   famous  célèbre célèbre célèbres célèbres post   famoso famosa famosos famosas ser
people   kind    aimable aimable aimables aimables post   amable amable amables amables ser
object   heavy   lourd lourde lourds lourdes post         pesado pesada pesados pesadas ser
object   clean   propre propre propres propres post       limpio limpia limpios limpias estar
object   dirty   sale sale sales sales post               sucio sucia sucios sucias estar
object   expensive cher chère chers chères post           caro cara caros caras ser
object   round   rond ronde ronds rondes post             redondo redonda redondos redondas ser
object   broken  cassé cassée cassés cassées post         roto rota rotos rotas estar
object   light   léger légère légers légères post         ligero ligera ligeros ligeras ser
edible   fresh   frais fraîche frais fraîches post        fresco fresca frescos frescas estar
edible   hot     chaud chaude chauds chaudes post         caliente caliente calientes calientes estar
edible   cold    froid froide froids froides post         frío fría fríos frías estar
edible   sweet   sucré sucrée sucrés sucrées post         dulce dulce dulces dulces ser
where    quiet   silencieux silencieuse silencieux silencieuses post silencioso silenciosa silenciosos silenciosas ser
where    modern  moderne moderne modernes modernes post   moderno moderna modernos modernas ser
"""

_VERBS = """
living  any     sees see saw                voit voient vu                  ve ven vio vieron
living  any     finds find found            trouve trouvent trouvé          encuentra encuentran encontró encontraron
living  any     touches touch touched       touche touchent touché          toca tocan tocó tocaron
living  any     watches watch watched       regarde regardent regardé       mira miran miró miraron
living  living  hears hear heard            entend entendent entendu        oye oyen oyó oyeron
living  living  follows follow followed     suit suivent suivi              sigue siguen siguió siguieron
living  living  loves love loved            aime aiment aimé                ama aman amó amaron
people  living  calls call called           appelle appellent appelé        llama llaman llamó llamaron
people  living  helps help helped           aide aident aidé                ayuda ayudan ayudó ayudaron
people  living  feeds feed fed              nourrit nourrissent nourri      alimenta alimentan alimentó alimentaron
living  drink   drinks drink drank          boit boivent bu                 bebe beben bebió bebieron
people  drink   orders order ordered        commande commandent commandé    pide piden pidió pidieron
living  bite    eats eat ate                mange mangent mangé             come comen comió comieron
people  bite    tastes taste tasted         goûte goûtent goûté             prueba prueban probó probaron
people  bite    prepares prepare prepared   prépare préparent préparé       prepara preparan preparó prepararon
people  text    studies study studied       étudie étudient étudié          estudia estudian estudió estudiaron
people  text    writes write wrote          écrit écrivent écrit            escribe escriben escribió escribieron
people  opening opens open opened           ouvre ouvrent ouvert            abre abren abrió abrieron
people  opening closes close closed         ferme ferment fermé             cierra cierran cerró cerraron
people  goods   buys buy bought             achète achètent acheté          compra compran compró compraron
people  goods   sells sell sold             vend vendent vendu              vende venden vendió vendieron
people  goods   loses lose lost             perd perdent perdu              pierde pierden perdió perdieron
people  object   washes wash washed          lave lavent lavé                lava lavan lavó lavaron
people  object   paints paint painted        peint peignent peint            pinta pintan pintó pintaron
people  goods   carries carry carried       porte portent porté             lleva llevan llevó llevaron
people  goods   forgets forget forgot       oublie oublient oublié          olvida olvidan olvidó olvidaron
people  goods   hides hide hid              cache cachent caché             esconde esconden escondió escondieron
people  object   repairs repair repaired     répare réparent réparé          repara reparan reparó repararon
people  goods   chooses choose chose        choisit choisissent choisi      elige eligen eligió eligieron
people  place   visits visit visited        visite visitent visité          visita visitan visitó visitaron
people  place   leaves leave left           quitte quittent quitté          deja dejan dejó dejaron
people  place   draws draw drew             dessine dessinent dessiné       dibuja dibujan dibujó dibujaron
"""

_MEMBERS = {
    "person": {"person", "any", "living", "people"},
    "job": {"person", "any", "living", "people", "job"},
    "animal": {"any", "living", "colour"},
    "food": {"any", "edible", "colour", "bite", "goods"},
    "mass": {"edible", "bite"},
    "drink": {"edible", "drink"},
    "text": {"any", "object", "colour", "text", "goods"},
    "opening": {"any", "object", "colour", "opening", "goods"},
    "thing": {"any", "object", "colour", "goods"},
    "place": {"any", "where", "place"},
}
"""The groups that a noun's class belongs to; adjectives and verbs name groups."""


@dataclass(frozen=True, slots=True)
class Noun:
    """A thing or a being. Forms are (singular, plural); genders are m or f."""

    kind: str
    groups: frozenset[str]
    en: tuple[str, str]
    fr: tuple[str, str]
    fr_gender: str
    es: tuple[str, str]
    es_gender: str

    @property
    def countable(self) -> bool:
        """Whether it has a plural and an indefinite article."""
        return self.en[1] != "-"


@dataclass(frozen=True, slots=True)
class Adjective:
    """A quality. Forms are (m, f, m plural, f plural)."""

    group: str
    en: str
    fr: tuple[str, ...]
    before: bool
    """Whether French puts it before the noun."""
    es: tuple[str, ...]
    copula: str
    """ser for what something is, estar for the state it is in."""


@dataclass(frozen=True, slots=True)
class Verb:
    """A transitive verb."""

    subjects: str
    objects: str
    en: tuple[str, str, str]
    """Third person, base, past."""
    fr: tuple[str, str, str]
    """Present singular, present plural, participle (with avoir)."""
    es: tuple[str, str, str, str]
    """Present singular and plural, preterite singular and plural."""


def _rows(table: str) -> list[list[str]]:
    return [line.split() for line in table.strip().splitlines()]


NOUNS = tuple(
    Noun(
        row[0],
        frozenset(_MEMBERS[row[0]]),
        (row[1], row[2]),
        (row[3], row[4]),
        row[5],
        (row[6], row[7]),
        row[8],
    )
    for row in _rows(_NOUNS)
)
ADJECTIVES = tuple(
    Adjective(row[0], row[1], tuple(row[2:6]), row[6] == "pre", tuple(row[7:11]), row[11])
    for row in _rows(_ADJECTIVES)
)
VERBS = tuple(
    Verb(
        row[0], row[1], (row[2], row[3], row[4]), (row[5], row[6], row[7]), (row[8], row[9], row[10], row[11])
    )
    for row in _rows(_VERBS)
)
PLACES = (  # prepositions: English, French, whether French and Spanish go on with "de", Spanish
    ("in", "dans", False, "en", False),
    ("near", "près", True, "cerca", True),
    ("behind", "derrière", False, "detrás", True),
    ("outside", "hors", True, "fuera", True),
)
PRESENT_TIMES = (
    (("today",), ("aujourd'hui",), ("hoy",)),
    (("now",), ("maintenant",), ("ahora",)),
    (("every", "day"), ("chaque", "jour"), ("cada", "día")),
)
PAST_TIMES = (
    (("yesterday",), ("hier",), ("ayer",)),
    (("this", "morning"), ("ce", "matin"), ("esta", "mañana")),
    (("last", "week"), ("la", "semaine", "dernière"), ("la", "semana", "pasada")),
)
PEOPLE = (  # pronoun and "be": English, French, Spanish (no pronoun where the verb says it), plural
    (("I", "am"), ("je", "suis"), ("", "soy"), False),
    (("you", "are"), ("tu", "es"), ("", "eres"), False),
    (("he", "is"), ("il", "est"), ("él", "es"), False),
    (("we", "are"), ("nous", "sommes"), ("", "somos"), True),
    (("they", "are"), ("ils", "sont"), ("ellos", "son"), True),
)
