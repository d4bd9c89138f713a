"""The gift shop's catalogue out of Online Retail (UCI): real codes, descriptions and prices."""

from __future__ import annotations

import re
import statistics
from collections import Counter, defaultdict
from decimal import Decimal
from pathlib import Path

from scripts.demo_items import Group, Item, cents, rows, title

GIFT_PRODUCTS = 1200

# The first entry with one of its words in the description wins; the order is from the particular
# to the general.
GIFT_CATEGORIES: list[tuple[str, str, str]] = [
    ("Seasonal", "Christmas", "CHRISTMAS SANTA ADVENT XMAS REINDEER SNOWMAN SNOWFLAKE NOEL"),
    ("Seasonal", "Easter", "EASTER"),
    ("Stationery", "Books", "COOKBOOK BOOK"),
    (
        "Stationery",
        "Paper and pens",
        (
            "NOTEBOOK SKETCHBOOK PEN PENS PENCIL PENCILS PASSPORT STICKERS STICKER ERASERS MEMO DIARY "
            "JOURNAL RULER CHALK STATIONERY ENVELOPE CALCULATOR RUBBER TAPE PAD NOTE LETTERS"
        ),
    ),
    ("Stationery", "Cards and wrap", "CARD CARDS WRAP RIBBON RIBBONS TAG TAGS GIFT"),
    ("Bags", "Lunch bags", "LUNCH"),
    ("Bags", "Bags and purses", "BAG BAGS PURSE WALLET SHOPPER LUGGAGE TOTE BACKPACK HANDBAG"),
    (
        "Jewellery",
        "",
        (
            "NECKLACE BRACELET EARRINGS RING BROOCH JEWELLERY BEAD BEADED CRYSTAL DIAMANTE BANGLE "
            "HAIR PENDANT TRINKET KEYRING KEY-RING CHARM"
        ),
    ),
    (
        "Kitchen",
        "Mugs and tea",
        "MUG MUGS TEA COFFEE TEAPOT CUP CUPS TEACUP SAUCER COSY CAFETIERE EGGCUP",
    ),
    ("Kitchen", "Baking", "BAKING CAKE CAKES MOULD CAKESTAND TRIVET ROLLING COOKIE JELLY PIE"),
    (
        "Kitchen",
        "Tableware",
        (
            "BOWL BOWLS PLATE PLATES CUTLERY DISH TRAY JUG NAPKIN NAPKINS COASTER COASTERS PLACEMAT "
            "TUMBLER TUMBLERS SPOON SPOONS KNIVES GLASSES JAR JARS BEAKER SALT STRAWS DINNER SNACK"
        ),
    ),
    (
        "Kitchen",
        "Kitchen helpers",
        (
            "KITCHEN PANTRY APRON OVEN GLOVE GLOVES BREAD TOWEL TOWELS SCALES TINS TIN BOTTLE FLASK "
            "FRYING PAN JAM COLANDER BIN MAGNETS MAGNET FRIDGE TIMER COOK RECIPE ENAMEL"
        ),
    ),
    (
        "Toys and games",
        "",
        (
            "TOY TOYS GAME GAMES JIGSAW PUZZLE DOLL DOLLS DOLLY DOMINOES SKITTLES PLAYHOUSE KNITTED "
            "BLOCK BLOCKS CHILDS CHILDRENS CHILDREN KIDS BABY SPINNING BALL MARBLES SOLDIER DOGGY "
            "RACING NINJA SKIPPING PAINTING FELTCRAFT KIT CHARLIE CHARLIE+LOLA LOLA BIB MONEY PIGGY"
        ),
    ),
    (
        "Party",
        "",
        (
            "PARTY BUNTING BALLOON BALLOONS BIRTHDAY CONFETTI CASES DOILIES DOILEY CANDLES GARLAND "
            "STREAMER TISSUE TISSUES COCKTAIL PARASOL PAPER"
        ),
    ),
    (
        "Home",
        "Candles and lights",
        (
            "CANDLE CANDLE, T-LIGHT T-LIGHTS LANTERN LIGHT LIGHTS LAMP INCENSE CANDLESTICK VOTIVE "
            "CHANDELIER CANDLEHOLDER NIGHT CANDELABRA SCENTED"
        ),
    ),
    (
        "Home",
        "Storage",
        (
            "BOX BOXES BASKET DRAWER DRAWERS CABINET STORAGE RACK HOOK HOOKS HANGER SHELF CRATE CHEST "
            "TRUNK KNOB SUITCASE SUITCASES"
        ),
    ),
    (
        "Home",
        "Textiles",
        (
            "CUSHION RUG DOORMAT QUILT THROW CURTAIN FABRIC FLANNEL WATER BLANKET DOORSTOP DRAUGHT "
            "EXCLUDER COVER"
        ),
    ),
    (
        "Home",
        "Frames, clocks and signs",
        "CLOCK FRAME SIGN PHOTO MIRROR PICTURE CHALKBOARD BLACKBOARD WALL MEMOBOARD ALPHABET",
    ),
    ("Bathroom", "", "SOAP BATH BATHROOM TOILET SPONGE TOOTHBRUSH PLASTERS LIPSTICK MANICURE"),
    (
        "Garden",
        "",
        (
            "GARDEN PLANT PLANTER POT POTS WATERING HERB BIRD GNOME TROWEL SEEDS PICNIC UMBRELLA "
            "DECKCHAIR THERMOMETER FLOWERPOT HAMMOCK GARDENER BUCKET WINDMILL TOADSTOOL"
        ),
    ),
    (
        "Home",
        "Decorations",
        (
            "DECORATION DECORATIONS HEART HEARTS HANGING STAR STARS VASE WREATH FLOWER FLOWERS BELL "
            "BELLS ORNAMENT BUTTERFLY DECORATIVE MOBILE ROSE WICKER WOODEN METAL CERAMIC GLASS"
        ),
    ),
]

_COLOURS = (
    "RED BLUE PINK GREEN WHITE BLACK IVORY CREAM YELLOW PURPLE BROWN SILVER GOLD GREY ORANGE "
    "TURQUOISE LILAC AMBER AMETHYST AQUA MINT"
)
COLOURS = set(_COLOURS.split())
SIZES = {"SMALL", "MEDIUM", "LARGE"}


def gift_items(path: Path) -> list[Item]:
    names: dict[str, Counter[str]] = defaultdict(Counter)
    prices: dict[str, list[float]] = defaultdict(list)
    for row in rows(path):
        code, text = row["StockCode"].upper(), " ".join(row["Description"].split())
        paid = float(row["UnitPrice"])
        # Descriptions in small letters are the warehouse's remarks ("wet", "found again?").
        wanted = re.fullmatch(r"\d{5}[A-Z]{0,2}", code) and text == text.upper() and "?" not in text
        if wanted and int(row["Quantity"]) > 0 and paid >= 0.1:
            names[code][text] += 1
            prices[code].append(paid)
    items = []
    for code in sorted(names):
        text = min(names[code], key=lambda n: (-names[code][n], n)).strip(" ,.")
        price = cents(statistics.median(prices[code]))
        items.append(Item(code, text, price, len(prices[code])))
    return items


def gift_category(words: set[str]) -> tuple[str, ...]:
    for parent, child, keys in GIFT_CATEGORIES:
        if words & set(keys.split()):
            return (parent, child) if child else (parent,)
    return ("Other gifts",)


def split_off(item: Item, options: set[str]) -> tuple[str, str] | None:
    """The description without its one option word, and that word."""
    words = item.words.split()
    found = [w for w in words if w in options]
    if len(found) != 1 or len(words) < 3:
        return None
    words.remove(found[0])
    rest = " ".join(words)
    return (rest, found[0]) if not rest.endswith((" AND", " &", " IN", " WITH")) else None


def siblings(items: list[Item], options: set[str], spread: Decimal) -> list[list[Item]]:
    """Items that differ in one option word only; prices within ``spread`` of each other."""
    families: dict[str, dict[str, Item]] = defaultdict(dict)
    for item in items:
        parts = split_off(item, options)
        if parts:
            other = families[parts[0]].get(parts[1])
            if other is None or other.sold < item.sold:
                families[parts[0]][parts[1]] = item
    found = []
    for rest in sorted(families):
        members = families[rest]
        prices = [m.price for m in members.values()]
        if len(members) > 1 and max(prices) <= spread * min(prices):
            for option, member in members.items():
                member.option = title(option)
            found.append(sorted(members.values(), key=lambda m: m.code))
    return found


def gift_groups(items: list[Item]) -> list[Group]:
    groups: list[Group] = []
    taken: set[str] = set()
    for option, values, spread in (("Colour", COLOURS, "1.4"), ("Size", SIZES, "4")):
        free = [i for i in items if i.code not in taken]
        for members in siblings(free, values, Decimal(spread)):
            parts = split_off(members[0], values)
            assert parts is not None
            taken.update(m.code for m in members)
            groups.append(gift_group(parts[0], members, option))
    singles: dict[str, Item] = {}
    for item in items:
        known = singles.get(item.words)
        if item.code not in taken and (known is None or known.sold < item.sold):
            singles[item.words] = item
    groups += [gift_group(i.words, [i]) for i in singles.values()]
    names = Counter(g.name for g in groups)
    groups = [g for g in groups if names[g.name] == 1 or g.option]
    return sorted(groups, key=lambda g: (-g.sold, g.name))[:GIFT_PRODUCTS]


def gift_group(text: str, items: list[Item], option: str = "") -> Group:
    words = set(text.replace(",", "").split())
    category = gift_category(words)
    tax = "zero" if category[-1] == "Books" and "BOX" not in words else "standard"
    return Group(title(text), category, tax, items, option=option)
