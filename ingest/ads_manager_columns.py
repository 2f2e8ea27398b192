"""What Ads Manager calls its columns, in the languages seen; no other name is guessed.

A currency in brackets after an amount's name is not part of it.
"""

import re
import unicodedata

# English, German, French, Spanish, Portuguese, Turkish, Arabic.
HEADERS: dict[str, tuple[str, ...]] = {
    "campaign_id": (
        "Campaign ID",
        "Kampagnen-ID",
        "ID der Kampagne",
        "ID de la campagne",
        "Nº de la campagne",
        "Numéro de la campagne",
        "Identificador de la campaña",
        "ID de la campaña",
        "Identificação da campanha",
        "ID da campanha",
        "Kampanya Kodu",
        "Kampanya Kimliği",
        "معرف الحملة",
    ),
    "campaign_name": (
        "Campaign name",
        "Kampagnenname",
        "Name der Kampagne",
        "Nom de la campagne",
        "Nombre de la campaña",
        "Nome da campanha",
        "Kampanya Adı",
        "اسم الحملة",
    ),
    "day": ("Day", "Tag", "Jour", "Día", "Dia", "Gün", "اليوم"),
    "country": ("Country", "Land", "Pays", "País", "Ülke", "البلد", "الدولة"),
    "since": (
        "Reporting starts",
        "Berichtsstart",
        "Début des rapports",
        "Inicio del informe",
        "Início dos relatórios",
        "Rapor Başlangıcı",
        "بداية التقارير",
    ),
    "until": (
        "Reporting ends",
        "Berichtsende",
        "Fin des rapports",
        "Fin del informe",
        "Encerramento dos relatórios",
        "Rapor Sonu",
        "نهاية التقارير",
    ),
    "currency": ("Currency", "Währung", "Devise", "Divisa", "Moeda", "Para Birimi"),
    "spend": (
        "Amount spent",
        "Ausgegebener Betrag",
        "Montant dépensé",
        "Importe gastado",
        "Valor usado",
        "Harcanan Tutar",
        "المبلغ الذي تم إنفاقه",
    ),
    "purchase_value": (
        "Purchases conversion value",
        "Purchase conversion value",
        "Conversion-Wert für Käufe",
        "Valeur de conversion des achats",
        "Valor de conversión de compras",
        "Valor de conversão de compras",
        "Valor de conversão da compra",
        "Alışveriş dönüşüm değeri",
        "قيمة تحويل عمليات الشراء",
    ),
    "purchases": (
        "Purchases",
        "Käufe",
        "Achats",
        "Compras",
        "Alışverişler",
        "عمليات الشراء",
    ),
    "impressions": (
        "Impressions",
        "Impressionen",
        "Impresiones",
        "Impressões",
        "Gösterim",
        "مرات الظهور",
    ),
    "clicks": (
        "Clicks (all)",
        "Klicks (alle)",
        "Clics (tous)",
        "Clics (todos)",
        "Cliques (todos)",
        "Tıklamalar (Tümü)",
    ),
    "link_clicks": (
        "Link clicks",
        "Link-Klicks",
        "Clics sur un lien",
        "Clics sur le lien",
        "Clics en el enlace",
        "Cliques no link",
        "Bağlantı Tıklamaları",
    ),
    "outbound_clicks": ("Outbound clicks",),
    "landing_page_views": (
        "Landing page views",
        "Vues de page de destination",
        "Visitas a la página de destino",
        "Visualizações da página de destino",
        "Açılış Sayfası Görüntülemeleri",
    ),
    "add_to_cart": (
        "Adds to cart",
        "Ajouts au panier",
        "Artículos agregados al carrito",
    ),
    "checkouts_initiated": ("Checkouts initiated", "Pagos iniciados"),
}
AMOUNTS = ("spend", "purchase_value")
COUNTS = (
    "purchases",
    "impressions",
    "clicks",
    "link_clicks",
    "outbound_clicks",
    "landing_page_views",
    "add_to_cart",
    "checkouts_initiated",
)
NUMBERS = (*AMOUNTS, *COUNTS)
_IN_CURRENCY = re.compile(r"(?P<name>.+?)\s*\((?P<currency>[A-Z]{3})\)")


def column_of(header: str) -> str | None:
    """Which column a header is; None for the unknown."""
    in_currency = _IN_CURRENCY.fullmatch(header.strip())
    if in_currency:
        name = _KNOWN.get(folded(in_currency["name"]))
        return name if name in AMOUNTS else None
    return _KNOWN.get(folded(header))


def currency_of(header: str) -> str | None:
    """The currency that an amount's header names."""
    in_currency = _IN_CURRENCY.fullmatch(header.strip())
    return in_currency["currency"] if in_currency else None


def folded(header: str) -> str:
    """A header without what two spellings of it differ by."""
    # A Turkish dotted I in small letters keeps its dot as a mark of its own.
    text = unicodedata.normalize("NFKC", header).casefold().replace("i̇", "i")
    return " ".join(text.split())


_KNOWN = {folded(each): name for name, known in HEADERS.items() for each in known}
