"""The time zone in which a market's hours are told."""

from kuber.market.instruments import CRYPTO, CURRENCIES

_ZONES = {
    CRYPTO: "UTC",
    CURRENCIES: "America/New_York",
    "ASEX": "Europe/Athens",
    "BVMF": "America/Sao_Paulo",
    "CMES": "America/Chicago",
    "XAMS": "Europe/Amsterdam",
    "XASX": "Australia/Sydney",
    "XBKK": "Asia/Bangkok",
    "XBOM": "Asia/Kolkata",
    "XBRU": "Europe/Brussels",
    "XBUD": "Europe/Budapest",
    "XBUE": "America/Argentina/Buenos_Aires",
    "XCSE": "Europe/Copenhagen",
    "XDUB": "Europe/Dublin",
    "XDUS": "Europe/Brussels",
    "XETR": "Europe/Berlin",
    "XFRA": "Europe/Berlin",
    "XHAM": "Europe/Brussels",
    "XHEL": "Europe/Helsinki",
    "XHKG": "Asia/Hong_Kong",
    "XICE": "Atlantic/Reykjavik",
    "XIDX": "Asia/Jakarta",
    "XIST": "Europe/Istanbul",
    "XJSE": "Africa/Johannesburg",
    "XKLS": "Asia/Kuala_Lumpur",
    "XKRX": "Asia/Seoul",
    "XLIS": "Europe/Lisbon",
    "XLON": "Europe/London",
    "XMAD": "Europe/Madrid",
    "XMEX": "America/Mexico_City",
    "XMIL": "Europe/Rome",
    "XNYS": "America/New_York",
    "XNZE": "Pacific/Auckland",
    "XOSL": "Europe/Oslo",
    "XPAR": "Europe/Paris",
    "XPRA": "Europe/Prague",
    "XSAU": "Asia/Riyadh",
    "XSES": "Asia/Singapore",
    "XSGO": "America/Santiago",
    "XSHG": "Asia/Shanghai",
    "XSTO": "Europe/Stockholm",
    "XSWX": "Europe/Zurich",
    "XTAE": "Asia/Tel_Aviv",
    "XTAI": "Asia/Taipei",
    "XTKS": "Asia/Tokyo",
    "XTSE": "America/Toronto",
    "XWAR": "Europe/Warsaw",
    "XWBO": "Europe/Vienna",
}
"""As `exchange-calendars` has them, which takes half a second to import."""


def zone_of(calendar: str) -> str:
    """Return the IANA name of the zone of a calendar, UTC for one that is not known."""
    return _ZONES.get(calendar, "UTC")
