"""Why a request is refused before the domain is asked: codes of HTTP and GraphQL with status and words.

What the domain refuses states its code and words itself (`domain.errors`).
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestCode:
    """`status` is of HTTP; 200 where the code only stands in a GraphQL answer's `errors`."""

    status: int
    nl: str
    en: str


_GRAPHQL = 200
REQUEST_CODES: dict[str, RequestCode] = {
    "BAD_CURSOR": RequestCode(_GRAPHQL, "Dit is geen cursor van deze lijst.", "This is not a cursor of this list."),
    "BAD_DOCUMENT_ID": RequestCode(
        400,
        "`documentId` is sha256: met 64 hexadecimale cijfers.",
        "`documentId` is sha256: and 64 hexadecimal digits in lower case.",
    ),
    "BAD_ID": RequestCode(
        _GRAPHQL, "Dit is geen id, of een id van iets anders.", "This is no id, or the id of something else."
    ),
    "BAD_IDEMPOTENCY_KEY": RequestCode(
        400,
        "Idempotency-Key: 1 tot 255 zichtbare ASCII-tekens.",
        "Idempotency-Key: 1 to 255 visible ASCII characters.",
    ),
    "BAD_INPUT": RequestCode(
        400, "Een parameter of argument is niet bruikbaar.", "A parameter or argument cannot be used."
    ),
    "BAD_JSON": RequestCode(400, "De inhoud is geen geldige JSON.", "The body is not valid JSON."),
    "BAD_REQUEST": RequestCode(400, "Het verzoek is niet te lezen.", "The request cannot be read."),
    "BAD_SIGNATURE": RequestCode(
        401,
        "De handtekening klopt niet, of het tijdstip wijkt meer dan vijf minuten af.",
        "The signature does not hold, or its time is more than five minutes away.",
    ),
    "BODY_TOO_LARGE": RequestCode(413, "De inhoud is te groot.", "The body is too large."),
    "BUDGET_EXHAUSTED": RequestCode(
        _GRAPHQL, "Het budget van deze minuut is op.", "The budget of points is used up; `retryAfter` says until when."
    ),
    "CODE_INVALID": RequestCode(
        401, "De code is onjuist, gebruikt of verlopen.", "The code is wrong, was used, or has expired."
    ),
    "CREDENTIALS_INVALID": RequestCode(
        401, "E-mailadres of wachtwoord klopt niet.", "The e-mail address or the password is wrong."
    ),
    "CURSOR_EXPIRED": RequestCode(
        _GRAPHQL,
        "Wat na deze cursor kwam, wordt niet meer bewaard.",
        "What came after this cursor is no longer kept: read anew.",
    ),
    "DOCUMENT_HASH_MISMATCH": RequestCode(
        400, "De hash is niet die van het document.", "The hash is not that of the document."
    ),
    "DOCUMENT_NOT_TRUSTED": RequestCode(
        403,
        "Deze client mag alleen geregistreerde documenten sturen.",
        "This client may send trusted documents only, and this is none.",
    ),
    "FORBIDDEN": RequestCode(
        403,
        "De sleutel of rol mist het recht hiervoor.",
        "The key or role lacks the permission; the message names the scope.",
    ),
    "GRAPHQL_PARSE_FAILED": RequestCode(
        _GRAPHQL, "Het document is geen GraphQL.", "The document is not valid GraphQL."
    ),
    "GRAPHQL_VALIDATION_FAILED": RequestCode(
        _GRAPHQL, "Het document past niet bij het schema.", "The document does not fit the schema."
    ),
    "INTERNAL": RequestCode(
        500,
        "Er ging bij ons iets mis; `errorId` staat in ons logboek.",
        "Something went wrong on our side; `errorId` is in our log.",
    ),
    "INTROSPECTION_REFUSED": RequestCode(
        _GRAPHQL, "Meld u aan om het schema te lezen.", "Log in to read the schema; /developers/graphql shows it."
    ),
    "KEY_EXPIRED": RequestCode(401, "De sleutel is verlopen.", "The API key has expired."),
    "KEY_INVALID": RequestCode(
        401, "De sleutel is niet geldig of ingetrokken.", "The API key is not valid, or was revoked."
    ),
    "LINK_EXPIRED": RequestCode(
        410, "De tijd van de link is voorbij.", "The time of the link has passed; ask for a new one."
    ),
    "LINK_INVALID": RequestCode(
        403, "De link is niet van ons, of gewijzigd.", "The link is not one of ours, or was changed."
    ),
    "LIST_TOO_LONG": RequestCode(_GRAPHQL, "Een lijst is te lang.", "A list is too long."),
    "METHOD_NOT_ALLOWED": RequestCode(
        405, "Deze methode kan hier niet.", "This method is not possible here; `Allow` says which are."
    ),
    "NOT_ACCEPTABLE": RequestCode(
        406, "In de gevraagde vorm kunnen we niet antwoorden.", "We cannot answer in the form that is asked for."
    ),
    "NOT_CONFIGURED": RequestCode(404, "Dit is hier niet ingericht.", "This is not set up here."),
    "NOT_READABLE": RequestCode(
        _GRAPHQL, "U mag niet lezen waar het om gaat.", "You may not read what the argument asks about."
    ),
    "NO_ACCESS": RequestCode(
        401, "Er is geen toegang tot dit portaal.", "Whoever this is has no access to this portal."
    ),
    "NO_BATCHING": RequestCode(400, "Stuur één bewerking per verzoek.", "Send one operation per request."),
    "NUL_IN_TEXT": RequestCode(_GRAPHQL, "Een tekst bevat het teken U+0000.", "A text holds the character U+0000."),
    "OIDC_FAILED": RequestCode(
        401, "De identiteitsprovider bevestigde de aanmelding niet.", "The identity provider did not confirm the login."
    ),
    "OIDC_REFUSED": RequestCode(
        401,
        "De identiteitsprovider meldde de persoon niet aan.",
        "The identity provider did not log the person in.",
    ),
    "OIDC_STATE": RequestCode(
        401, "De aanmelding begon niet in deze browser.", "The login was not begun in this browser, or took too long."
    ),
    "ORIGIN_NOT_ALLOWED": RequestCode(
        403,
        "Pagina's van deze herkomst mogen dit portaal niet aanroepen.",
        "Pages of this origin may not call this portal.",
    ),
    "PAGE_SIZE": RequestCode(
        _GRAPHQL, "Het aantal per bladzijde is te groot.", "The number of items per page is too large."
    ),
    "PERSISTED_QUERY_NOT_FOUND": RequestCode(
        404, "Dit document kennen we niet; stuur het zelf.", "We do not know this document; send it whole."
    ),
    "TEXT_TOO_LONG": RequestCode(_GRAPHQL, "Een tekst is te lang.", "A text is too long."),
    "TICKET_EXPIRED": RequestCode(401, "Het kaartje is verlopen.", "The ticket has expired."),
    "TICKET_INVALID": RequestCode(401, "Het kaartje geldt niet (meer).", "The ticket is not valid, or was used."),
    "TIMEOUT": RequestCode(_GRAPHQL, "Het lezen duurde te lang.", "Reading took too long: ask for less."),
    "TOKEN_EXPIRED": RequestCode(401, "Het token is verlopen.", "The token has expired."),
    "TOKEN_INVALID": RequestCode(401, "Het token is niet geldig.", "The token is not valid."),
    "TOKEN_REVOKED": RequestCode(401, "Het token is ingetrokken.", "The token was revoked."),
    "TOO_COSTLY": RequestCode(
        _GRAPHQL, "De bewerking kost te veel.", "The operation costs too many points: ask for less at a time."
    ),
    "TOO_DEEP": RequestCode(_GRAPHQL, "De selectie is te diep genest.", "It is nested too deeply."),
    "TOO_LARGE": RequestCode(
        _GRAPHQL, "Het document selecteert te veel velden.", "The document selects too many fields."
    ),
    "TOO_MANY_ALIASES": RequestCode(_GRAPHQL, "Te veel aliassen.", "The document has too many aliases."),
    "TOO_MANY_ATTEMPTS": RequestCode(
        429, "Te veel pogingen.", "Too many attempts; `Retry-After` says when to try again."
    ),
    "TOO_MANY_CONNECTIONS": RequestCode(
        503, "Er zijn te veel verbindingen.", "There are too many connections; `Retry-After` says when to try again."
    ),
    "TOO_MANY_SUBSCRIPTIONS": RequestCode(
        _GRAPHQL, "Te veel bewerkingen tegelijk op één verbinding.", "Too many operations at once on one connection."
    ),
    "TOO_MANY_TOKENS": RequestCode(_GRAPHQL, "Het document is te lang.", "The document has too many tokens."),
    "TOTP_INVALID": RequestCode(401, "De tweede factor klopt niet.", "The second factor is wrong."),
    "TOTP_REQUIRED": RequestCode(401, "Stuur ook de tweede factor.", "Send the second factor as well."),
    "UNAUTHENTICATED": RequestCode(
        401,
        "Meld u aan: er is geen geldige sleutel of token.",
        "Send a valid API key or access token: Authorization: Bearer.",
    ),
    "UNKNOWN_OPERATION": RequestCode(
        400, "Het document heeft geen bewerking met deze naam.", "The document has no operation of this name."
    ),
    "UNKNOWN_PAYMENT": RequestCode(404, "Deze betaling kennen we niet.", "No such payment."),
    "UNKNOWN_PAYMENT_PROVIDER": RequestCode(404, "Deze rekening kennen we niet.", "No such account."),
    "UNKNOWN_PORTAL": RequestCode(400, "Op deze hostnaam is geen portaal.", "No portal lives at this host name."),
    "UNKNOWN_PROVIDER": RequestCode(400, "Deze identiteitsprovider kennen we niet.", "No such identity provider."),
    "UNSUPPORTED_ENCODING": RequestCode(
        415, "Stuur de inhoud zonder Content-Encoding.", "Send the body without Content-Encoding."
    ),
    "UNSUPPORTED_MEDIA_TYPE": RequestCode(
        415, "Stuur de inhoud in een vorm die hier past.", "Send the body in a media type that is taken here."
    ),
    "UNSUPPORTED_OPERATION": RequestCode(
        400, "Deze bewerking kan hier niet.", "This kind of operation is not possible here."
    ),
    "UNSUPPORTED_SELECTION": RequestCode(
        _GRAPHQL, "Dit veld kan niet in een abonnement.", "This field cannot be selected in a subscription."
    ),
    "WRONG_MODE": RequestCode(
        400,
        "De gebeurtenis is van de andere modus dan de rekening.",
        "The event is of the other mode than the account.",
    ),
}
