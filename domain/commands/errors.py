"""Why a command is not accepted."""

from domain.errors import Conflict, InvalidInput


class CommandEnded(Conflict):
    code = "COMMAND_ENDED"
    nl = "De opdracht is al verstuurd of afgelopen."
    en = "The command has been sent already, or is over."


class TooManyCommands(Conflict):
    code = "TOO_MANY_COMMANDS"
    nl = "Er wachten al {most} opdrachten op deze lader."
    en = "{most} commands are waiting for this charger already."


class UnknownParameter(InvalidInput):
    code = "UNKNOWN_PARAMETER"
    nl = "{kind} kent de parameter {name} niet."
    en = "{kind} has no parameter {name}."
