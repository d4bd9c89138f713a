"""The grocery's catalogue out of Complete Journey: real products, sizes and prices."""

from __future__ import annotations

import re
import statistics
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from scripts.demo_items import CENT, Group, Item, rows, title

GROCERY_PRODUCTS = 700

# What the source calls its aisles: our category, subcategory left to its own names, tax rate.
DEPARTMENTS: dict[str, str] = {
    "GROCERY": "Groceries",
    "DRUG GM": "Household and care",
    "MEAT-PCKGD": "Meat",
    "MEAT": "Meat",
    "PRODUCE": "Fruit and vegetables",
    "DELI": "Deli",
    "PASTRY": "Bakery",
    "NUTRITION": "Health foods",
    "SEAFOOD-PCKGD": "Fish",
    "SEAFOOD": "Fish",
    "SALAD BAR": "Deli",
    "FLORAL": "Flowers",
    "COSMETICS": "Household and care",
}
LOOSE = {"PRODUCE", "MEAT", "SEAFOOD"}
LEFT_OUT = re.compile(
    r"COUPON|FUEL|GASOLINE|CIGARETTE|TOBACCO|LIQUOR|PREPAID|MISCELLANEOUS|SERVICE|POSTAGE|GIFT CARD"
    r"|LOTTERY|RX|COLD AND FLU|ANALGESIC|LAXATIVE|DIETARY AID|FIRST AID|MISC WINE|BOOKSTORE|TICKETS"
    r"|SEASONAL|SEAFOOD-|^SAL:|^SAL |PRPCK|PREPORTND|DPS|INSTRMENT|NON RW"
)
# VAT as in Ireland, in broad strokes: most food 0%, cakes and biscuits 13.5%, papers 9%, the rest.
RATE_WORDS: list[tuple[str, str]] = [
    ("press", "MAGAZINE|NEWSPAPER"),
    ("zero", "BABY FOOD|INFANT FORMULA|FEMININE|BOOK|TEAS|COFFEE|COCOA"),
    (
        "standard",
        (
            "SOFT DRINK|WATER|BEER|WINE|ISOTONIC|JUICE|DRNK|CANDY|SNACK|CHIPS|ICE CREAM|NOVELTIES|PAPER"
            "|TISSUE|LAUNDRY|DETERGENT|CLEANG|BLEACH|AIR CARE|CAT FOOD|CAT LITTER|DOG FOOD|FD WRAPS|FRZN ICE"
            "|POPCORN|FILTERS|SYRUPS/TOPPINGS"
        ),
    ),
    ("reduced", "COOKIE|CAKE|PIE|SWEET GOODS|BREAKFAST SWEETS|BAKED SWEET|CRACKERS|PREPARED FOOD"),
]
WORDS = {
    "ACCESS": "ACCESSORIES", "BEV": "BEVERAGES", "BG": "BAGS", "BF": "BEEF", "BKD": "BAKED", "BN": "BEANS",
    "BNLS": "BONELESS", "BR": "BREAD", "BRKFST": "BREAKFAST", "BTL": "BOTTLE", "BTR": "BUTTER",
    "BTRMLK": "BUTTERMILK", "CAN": "CAN", "CARB": "FIZZY", "CHKN": "CHICKEN", "CHOC": "CHOCOLATE",
    "CHS": "CHEESE", "CKN": "CHICKEN", "CLEANG": "CLEANING", "CNDY": "SWEETS", "CND": "CANNED",
    "CONC": "CONCENTRATE", "CRKR": "CRACKERS", "CRYSTL": "CRYSTAL", "DNR": "DINNER",
    "DRNK": "DRINK", "DRNKS": "DRINKS", "DRSNG": "DRESSING", "DNRS": "DINNERS", "DSH": "DISHES", "MIXS": "MIXES", "DRY": "DRY", "FD": "FOOD",
    "FLVRD": "FLAVOURED", "FRSH": "FRESH", "FRT": "FRUIT", "FRZ": "FROZEN", "FRZN": "FROZEN",
    "FS": "FRENCH STYLE", "FZ": "FROZEN", "FZN": "FROZEN", "BRD": "BREADED", "PORTON": "PORTION", "CATSUP": "KETCHUP", "GM": "GENERAL", "HISPANIC": "MEXICAN",
    "IWS": "WRAPPED", "JCE": "JUICE", "LITER": "LITRE", "LN": "LINE", "MEDS": "MEDICINES",
    "MLTPK": "MULTIPACK", "MLTI": "MULTI", "MW": "MICROWAVE", "MX": "MIX", "MXS": "MIXES",
    "NDLS": "NOODLES", "PCKGD": "PACKED", "PKG": "PACKED", "PKGD": "PACKED", "PKLD": "PICKLED",
    "PNT": "PEANUT", "PREP": "PREPARED", "PRM": "PREMIUM", "PRODS": "PRODUCTS", "PWDR": "POWDER",
    "REFRG": "CHILLED", "REFRGRATD": "CHILLED", "REFRIGERATED": "CHILLED", "REG": "REGULAR",
    "RTD": "READY TO DRINK", "RTE": "READY TO EAT", "RTS": "READY TO SERVE", "SALD": "SALAD",
    "SAUS": "SAUSAGE", "SFT": "SOFT", "SHERBTS": "SORBETS", "SKNLS": "SKINLESS", "SNACK": "SNACK",
    "SNDWCH": "SANDWICH", "SNGL": "SINGLE", "SNKS": "SNACKS", "SPECIALTY": "SPECIALITY",
    "SPRD": "SPREADS", "SRV": "SERVE", "STRWBRY": "STRAWBERRY", "SUPPPLIES": "SUPPLIES",
    "SW": "SWEET", "GDS": "GOODS", "SWEETNERS": "SWEETENERS", "SYRUP": "SYRUP", "TISS": "TISSUES",
    "TRSH": "RUBBISH", "VEG": "VEGETABLES", "VEGS": "VEGETABLES", "VEGT": "VEGETABLE",
    "W/": "WITH", "WHL": "WHOLE", "WHLSM": "WHOLESOME", "WHT": "WHEAT", "WTR": "WATER",
    "YOGURT": "YOGHURT", "CANDY": "SWEETS", "COOKIES": "BISCUITS", "HBC": "CARE", "GROC": "GROCERY",
    "NTRY": "NATURALLY", "SUGR": "SUGAR", "MLK": "MILK", "SHRD": "SHREDDED", "CHC": "CHUNK",
    "SPLY": "SUPPLIES", "CHECKLANE": "BARS", "DISPOSIBLE": "DISPOSABLE", "DIAPERS": "NAPPIES",
}  # fmt: skip
SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*(OZ|LB|CT|LTR|L|ML|GA|PT|QT|DZ|PK|GAL)\b")
UNITS = {"LTR": "l", "L": "l", "GA": "gal", "CT": "pieces", "DZ": "dozen", "PK": "pack"}


# Names that no rule makes readable.
NAMES = {
    "FLUID MILK WHITE ONLY": "Milk", "SOFT DRINKS 12/18&15PK CAN CAR": "Cola Cans, Multipack",
    "SFT DRNK 2 LITER BTL CARB INCL": "Cola Bottle", "YOGURT NOT MULTI-PACKS": "Yoghurt Pot",
    "SFT DRNK SNGL SRV BTL CARB (EX": "Cola Bottle, Small", "CANDY BARS (SINGLES)(INCLUDING": "Chocolate Bar",
    "FRZN BAGGED VEGETABLES - PLAIN": "Frozen Vegetables", "FRZN SS PREMIUM ENTREES/DNRS/N": "Frozen Ready Meal, Premium",
    "SS ECONOMY ENTREES/DINNERS ALL": "Frozen Ready Meal", "FRZN SS PREMIUM ENTREES/DNRS/T": "Frozen Ready Meal, Classic",
    "FRZN MULTI SERVE ENTREES ALL": "Frozen Family Meal", "RTS SOUP: CHUNKY/HOMESTYLE ET": "Chunky Soup",
    "DAIRY CASE 100% PURE JUICE - O": "Chilled Orange Juice", "DAIRY CASE 100% PURE JUICE OTH": "Chilled Juice",
    "DAIRY CASE CITRUS PNCH/OJ SUBS": "Chilled Citrus Punch", "DAIRY CASE FRUIT DRINKS (NO JU": "Chilled Fruit Drink",
    "DAIRY CASE JUICE DRNK UNDER 10": "Chilled Juice Drink", "DAIRY CASE TEA WITH SUGAR OR S": "Chilled Iced Tea",
    "MAINSTREAM WHEAT/MULTIGRAIN BR": "Wheat Bread", "MAINSTREAM WHITE BREAD": "White Bread",
    "PREMIUM BREAD": "Premium Bread", "SFT DRNK MLT-PK BTL CARB (EXCP": "Cola Bottles, Multipack",
    "CHEESE CRACKERS (CHEEZ-ITS/GOL": "Cheese Crackers", "BEANS GREEN: FS/WHL/CUT": "Green Beans",
    "BUTTER SPRAY CRACKER (RITZ/CLU": "Butter Crackers", "PREPARED BEANS - BAKED W/PORK": "Baked Beans",
    "SOFT DRINKS 20PK&24PK CAN CARB": "Cola Cans, Large Pack", "SOFT DRINKS 6PK/4PK CAN CARB (": "Lemonade Cans",
    "TV/MOVIE-MAGAZINE": "Television Magazine", "SOCIAL&LIFESTYLE-MAGAZINE": "Lifestyle Magazine",
    "WOMEN S GENERAL-MAGAZINE": "Women's Magazine", "TABLOIDS-MAGAZINE": "Tabloid Magazine",
    "NON-CARB FLVRD DRNKNG/MNRL WAT": "Flavoured Water", "NON-CARB WATER FLVR - DRNK/MNR": "Mineral Water",
    "CAN CATFD GOURMET/SUP PREM (GR": "Canned Cat Food, Premium", "CAN DOGFD GOURMET/SUPER PREM (": "Canned Dog Food, Premium",
    "DRY DOG FOOD SUPER PREM (ONE/N": "Dry Dog Food, Best", "DRY CAT FOOD SUP PREM (ONE/NUT": "Dry Cat Food, Best",
    "TOMATOES: STEWED/DICED/CRMD": "Chopped Tomatoes", "CHIX:FRD 8PC/CUT UP (HOT)": "Fried Chicken, 8 Pieces",
    "CHIX: VALUE ADDED (HOT)": "Hot Chicken", "CHIX: ROTISSERIE (HOT)": "Roast Chicken",
    "FRZN BOXED VEGETABLES- VALUE A": "Frozen Vegetables in Sauce", "FRZN BAGGED VEGETABLES- VALUE": "Frozen Vegetable Mix",
    "FRZN BOXED VEGETABLES - PLAIN": "Frozen Vegetables, Boxed", "FRZN BREADED PREPARED CHICK": "Breaded Chicken",
    "FEM. HYGN.NAPKINS": "Sanitary Towels", "FEM. HYGN. TAMPONS": "Tampons", "SW GDS: SW ROLLS/DAN": "Sweet Rolls",
    "SW GDS:DONUTS": "Doughnuts", "CAKES: ANGEL FDS/CKE ROLLS": "Swiss Rolls", "VAC PAC NUTS(CANS)": "Salted Nuts",
    "PICKLD VEG PEPPERS ETC": "Pickled Vegetables", "REFRIGERATED COOKIES-BREAK N B": "Biscuit Dough",
    "REFRIGERATED COOKIES-CHUB": "Biscuit Dough Roll", "FACIAL TISSUE & PAPER HANDKE": "Paper Tissues",
    "GARBAGE KITCHEN COMPACTOR BA": "Bin Bags", "CANDY BAGS-CHOCOCLATE": "Chocolates, Bag",
    "CANDY BAGS-NON CHOCOLATE": "Sweets, Bag", "PROTIEN SALADS - BULK": "Chicken Salad", "LINKS - RAW": "Sausage Links",
    "PATTIES - RAW": "Sausage Patties", "LINKS - COOKED": "Sausage Links, Cooked", "ROLLS - PORK": "Pork Sausage Roll",
    "FRZN CONC ALLIEDS OVER 50% JUI": "Frozen Juice", "FRZN OJ&OJ SUBSTITUTES (OVER 5": "Frozen Orange Juice",
    "MINTS CANDY & BREATH (NOT LIF": "Mints", "IWS SINGLE CHEESE": "Cheese Slices", "SANDWICHES&HANDHELDS": "Frozen Sandwiches",
    "FROZEN CAKES/ALL TYPES INCLUDI": "Frozen Cake", "MALTED MLK/SYRUP/PWDRS (EGGNOG": "Malted Milk",
    "POPULAR 750ML WINES": "Table Wine", "PREMIUM 750ML WINES": "Fine Wine", "AUSTRALIAN/NZ WINES": "Australian Wine",
    "GRND/PATTY - FROZEN": "Frozen Burgers", "REFRIGERATED SPECILATY ROLLS": "Chilled Speciality Rolls",
    "SEMI-SOLID SALAD DRESSING MAY": "Mayonnaise", "MEXICAN SOFT TORTILLAS AND WRA": "Soft Tortillas",
    "BETTER FOR YOU": "Light Popcorn", "SOLID/STK DEODORANTS": "Deodorant Stick", "COVERGIRL": "Make-up",
}  # fmt: skip
READABLE = {
    "Sgl Sv/Vend Mach Snacks Chip/P": "Crisps, Single", "Non-Crbntd Drnking/Mneral Wate": "Still Water",
    "Plstc Ctlrytblclthstthpksst": "Plastic Cutlery", "Mexican Saucessalsapicantee": "Salsa",
    "Non-Iws Single Cheese": "Cheese Singles", "Vendor Size/Single Serve Cooki": "Biscuits, Single",
    "Dairy Refigerated": "Chilled Dairy", "Natural Cheese Exact Wt Chunks": "Cheese Block",
    "Natural Cheese Exact Wt Slices": "Sliced Cheese", "Frozen Breakfast Entrees/Sandwic": "Frozen Breakfast",
    "Instant Coffee Flavored No Swe": "Instant Coffee, Flavoured", "Mult Pk Bag Snacks": "Crisps, Multipack",
    "Hot Mustard/Speciality Mustar": "Hot Mustard", "Vinegar All-Except Wine/Ric": "Vinegar",
    "Dry Beans/Peas/Barley Bag & B": "Dry Beans", "Mushrooms W/Whole Packed": "Whole Mushrooms",
    "Tray Pack/Chocolate Chip Biscuits": "Chocolate Chip Biscuits", "Isotonic Drinks Single Serve": "Sports Drink",
    "Isotonic Drinks Multi-Serve": "Sports Drinks, Multipack", "Auto Dish Detergent Monodose": "Dishwasher Tablets",
    "Auto Dish Detergent Gel": "Dishwasher Gel", "Oranges Navels All": "Navel Oranges",
    "Steak & Worchester Sauce": "Worcester Sauce", "Baby Food Junior All Brands": "Baby Food Junior",
    "Aseptic Pack Juice and Drinks": "Juice Cartons", "Refrig Dough Products": "Chilled Dough",
    "Refrig Dips": "Chilled Dips", "Frozen Concentrate Under 50% Juice": "Frozen Juice Drink",
}  # fmt: skip
# Kinds that mean something only together with their aisle: "Beef, Lean".
AISLES_TO_NAME = re.compile(
    r"^(BEEF|PORK|BACON|HOT DOGS|DINNER SAUSAGE|LUNCHMEAT|ICE CREAM|PASTA SAUCE|FROZEN PIZZA|SALAD MIX"
    r"|HEAT/SERVE|CHICKEN|TURKEY|SMOKED MEATS|BREAKFAST SAUSAGE|MEAT - MISC|WAREHOUSE SNACKS|SALAD BAR)"
)


def product_name(kind: str, aisle: str) -> str:
    if kind in NAMES:
        return NAMES[kind]
    name = plain_words(kind)
    name = READABLE.get(name, name)
    prefix = AISLES_TO_NAME.match(aisle)
    if prefix and plain_words(prefix[0]).split()[-1].rstrip("s") not in name:
        return f"{plain_words(prefix[0])}, {name}"
    return name


def plain_words(text: str) -> str:
    """`SFT DRNK 2 LITER BTL CARB INCL` → `Soft Drink 2 Litre Bottle Fizzy`."""
    text = re.sub(r"\([^)]*\)?", " ", text.upper())
    text = re.sub(r"^(MEAT|PREP FD|SW GDS|BREAD|CHEESE|SALAD)\s*:", r"\1 ", text)
    text = re.sub(
        r"\bFLAV\b.*$|\bINCL\b.*$|\bALL OTHERS?\b|\bMISC\b\.?|\bONLY\b|\bTYPES?\b", " ", text
    )
    text = re.sub(r"[:;.]|\s-\s|-\s|\s-", " ", text).replace("&", " & ").replace("/", " / ")
    words = [WORDS.get(word, word) for word in text.split()]
    while words and words[-1] in {"/", "&", "-", "AND", "OR", "WITH", "W", "NON"}:
        words.pop()
    kept = [w for at, w in enumerate(words) if at == 0 or w != words[at - 1]]
    return re.sub(r" / ", "/", title(" ".join(kept))).strip(" ,/&")


def grocery_size(text: str, loose: bool) -> str:
    match = SIZE.search(text.upper())
    if not match or (loose and (match[2] in ("LB", "CT") and float(match[1]) > 5)):
        return ""  # a case as the wholesaler packs it, sold loose in the shop
    number = match[1].rstrip("0").rstrip(".") if "." in match[1] else match[1]
    return f"{number} {UNITS.get(match[2], match[2].lower())}"


def shelf_price(value: float) -> Decimal:
    """To the next five cents, whole amounts a cent below; never under 25 cents."""
    price = (Decimal(str(value)) * 20).quantize(Decimal(1), ROUND_HALF_UP) / 20
    price = max(price, Decimal("0.25"))
    return (price - CENT if price >= 1 and price % 1 == 0 else price).quantize(CENT)


def grocery_rate(department: str, aisle: str) -> str:
    for rate, words in RATE_WORDS:
        if re.search(words, aisle):
            return rate
    return "standard" if department in ("DRUG GM", "FLORAL", "COSMETICS") else "zero"


def grocery_groups(folder: Path) -> list[Group]:
    prices: dict[str, list[float]] = defaultdict(list)
    for row in rows(folder / "transactions_sample.csv.gz"):
        quantity, value = float(row["quantity"]), float(row["sales_value"])
        if quantity > 0 and value > 0:
            prices[row["product_id"]].append(value / quantity)
    families: dict[tuple[str, ...], dict[str, list[str]]] = defaultdict(lambda: defaultdict(list))
    for row in rows(folder / "products.csv.gz"):
        department, aisle, kind = row["department"], row["product_category"], row["product_type"]
        if row["product_id"] not in prices or department not in DEPARTMENTS or not kind:
            continue
        if LEFT_OUT.search(aisle) or LEFT_OUT.search(kind):
            continue
        loose = department in LOOSE
        size = grocery_size(row["package_size"], loose)
        family = (department, aisle, kind, row["brand"], "kg" if loose and not size else "pc")
        families[family][size].append(row["product_id"])
    groups: dict[tuple[str, str], Group] = {}
    for names in sorted(families):
        group = grocery_group(names, families[names], prices)
        known = groups.get((group.name, group.brand))
        if group.name and (known is None or known.sold < group.sold):
            groups[group.name, group.brand] = group
    wanted = [g for g in groups.values() if g.sold >= 3]
    return sorted(wanted, key=lambda g: (-g.sold, g.name, g.brand))[:GROCERY_PRODUCTS]


def grocery_group(
    family: tuple[str, ...], sizes: dict[str, list[str]], prices: dict[str, list[float]]
) -> Group:
    department, aisle, kind, brand, unit = family
    items = []
    for size, ids in sizes.items():
        known = [price for i in ids for price in prices[i]]
        best = min(ids, key=lambda i: (-len(prices[i]), int(i)))
        price = shelf_price(statistics.median(known))
        items.append(Item(best, kind, price, len(known), size))
    items.sort(key=lambda i: (-i.sold, i.code))
    least = max(3, items[0].sold // 20)  # sizes that hardly sell would only crowd the shelf
    items = [i for i in items if i.option and i.sold >= least][:4] or items[:1]
    own = brand == "Private"
    name = product_name(kind, aisle) + (", Own Label" if own else "")
    if unit == "kg":
        name += ", Loose" if department == "PRODUCE" else ""
    elif len(items) == 1 and items[0].option:
        name += f" {items[0].option}"
    return Group(
        name,
        (DEPARTMENTS[department], plain_words(aisle)),
        grocery_rate(department, aisle),
        sorted(items, key=lambda i: (i.price, i.code)),
        brand="Own label" if own else "National brand",
        unit=unit,
        option="Size" if len(items) > 1 else "",
    )
