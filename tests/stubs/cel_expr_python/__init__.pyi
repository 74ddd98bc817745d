from . import cel as cel
from . import ext as ext
