"""Volatility of returns and ranges, realised measures, and the spreads and illiquidity that bars give away."""

from typing import Any

from tickloom.features import Float, Int, Window, feature
from tickloom_kernels.indicators import volatility as kernels
from tickloom_plugins.features.indicators.averages import forgets, sma
from tickloom_plugins.features.indicators.terms import before, close, comoments, highest, log_return, moments, total

PAIRS = {"n": Int(20, 2)}
TRIPLES = {"n": Int(20, 3)}
BARS = {"n": Int(20)}
HLOC = ("high", "low", "open", "close")
BNS = "Barndorff-Nielsen and Shephard, Power and bipower variation with stochastic volatility and jumps, 2004"
ADS = "Andersen, Dobrev and Schaumburg, Jump-robust volatility estimation using nearest neighbor truncation, 2012"
AMAYA = "Amaya, Christoffersen, Jacobs and Vasquez, Does realized skewness predict the cross-section of returns?, 2015"

# --- terms -----------------------------------------------------------------------------------------------------------

log_range = feature(inputs=("high", "low"), unit="ratio")(kernels.log_range)
log_body = feature(inputs=("open", "close"), unit="ratio")(kernels.log_body)
log_gap = feature(inputs=("open", Window("close", 1)), lookback=1, unit="ratio")(kernels.log_gap)
squared_return = feature(name="squared_return", inputs=(log_return(),))(kernels.squared)
squared_range = feature(name="squared_range", inputs=(log_range(),))(kernels.squared)
cubed_return = feature(name="cubed_return", inputs=(log_return(),))(kernels.cubed)
fourth_return = feature(name="fourth_return", inputs=(log_return(),))(kernels.fourth)
falling_square = feature(inputs=(log_return(),))(kernels.falling_square)
rising_square = feature(inputs=(log_return(),))(kernels.rising_square)
bipower_term = feature(inputs=(Window(log_return(), 1),), lookback=1)(kernels.bipower_term)
minrv_term = feature(inputs=(Window(log_return(), 1),), lookback=1)(kernels.minrv_term)
medrv_term = feature(inputs=(Window(log_return(), 2),), lookback=2)(kernels.medrv_term)
garman_klass_variance = feature(inputs=HLOC)(kernels.garman_klass_variance)
rogers_satchell_variance = feature(inputs=HLOC)(kernels.rogers_satchell_variance)
change = feature(inputs=(Window("close", 1),), lookback=1, unit="price", power=1)(kernels.change)
previous_change = feature(
    name="previous_change", inputs=(Window(change(), 1),), lookback=1, unit="price", power=1
)(kernels.previous)  # fmt: skip
squared_drawdown = feature(inputs=("close", highest()), unit="percent^2")(kernels.squared_drawdown)
two_bar_beta = feature(inputs=(Window(log_range(), 1),), lookback=1)(kernels.two_bar_beta)
two_bar_gamma = feature(inputs=(Window("high", 1), Window("low", 1)), lookback=1)(kernels.two_bar_gamma)
corwin_schultz_spread = feature(inputs=(two_bar_beta(), two_bar_gamma()))(kernels.corwin_schultz_spread)
abdi_ranaldo_spread = feature(
    inputs=(Window("high", 1), Window("low", 1), Window("close", 1)), lookback=1, unit="ratio"
)(kernels.abdi_ranaldo_spread)  # fmt: skip
amihud_term = feature(inputs=(Window("close", 1), "volume"), lookback=1, power=-1)(kernels.amihud_term)


def of_mean(term: Any) -> Any:
    """Give the inputs of what is made of the mean of a term over n rows."""
    return lambda n: (sma(term, n=n),)


# --- of closes -------------------------------------------------------------------------------------------------------

zscore = feature(
    inputs=close,
    parameters=PAIRS,
    state=4,
    lookback=before,
    unit="deviations",
    convention="ddof 0; the last value is one of the n",
    oracle="literal",
)(kernels.zscore)
ulcer_index = feature(
    inputs=lambda n: (sma(squared_drawdown.wired("close", highest(n=n)), n=n),),
    parameters=BARS,
    unit="percent",
    convention="the mean is over n drawdowns, each from the highest of n closes",
    oracle="literal",
    reference="Martin and McCann, The Investor's Guide to Fidelity Funds, 1989",
)(kernels.ulcer_index)
historical_volatility = feature(
    inputs=lambda n, periods_per_year: (moments(log_return(), n=n).variance,),
    parameters={**PAIRS, "periods_per_year": Float(8760.0, 1.0, 1e9)},
    unit="ratio",
    convention="ddof 1",
    oracle="pandas.rolling.std",
)(kernels.historical_volatility)
ewma_volatility = feature(
    inputs=(log_return(),),
    parameters={"decay": Float(0.94, 0.5, 0.9999)},
    state=1,
    converge=lambda decay: forgets(1 - decay),
    unit="ratio",
    stability="converging",
    convention="begins with the first squared return",
    oracle="pandas.ewm",
    reference="J.P. Morgan and Reuters, RiskMetrics Technical Document, 1996",
)(kernels.ewma_volatility)
garch_volatility = feature(
    inputs=(log_return(),),
    parameters={"omega": Float(1e-6, 0.0, 1.0), "alpha": Float(0.1, 0.0, 1.0), "beta": Float(0.85, 0.0, 0.9999)},
    state=1,
    converge=lambda omega, alpha, beta: forgets(1 - beta),
    unit="ratio",
    stability="converging",
    convention="of the next return; the variance of the first return is its square",
    oracle="literal",
    reference="Bollerslev, Generalized autoregressive conditional heteroskedasticity, 1986",
)(kernels.garch_volatility)

# --- realised --------------------------------------------------------------------------------------------------------

realised_variance = feature(
    inputs=lambda n: (Window(squared_return(), n),),
    parameters=BARS,
    state=1,
    lookback=before,
    unit="variance",
    oracle="literal",
    reference="Andersen and Bollerslev, Answering the skeptics, 1998",
)(kernels.realised_variance)
realised_volatility = feature(
    inputs=lambda n: (realised_variance(n=n),), parameters=BARS, unit="ratio", oracle="literal"
)(kernels.realised_volatility)  # fmt: skip
bipower_variation = feature(
    inputs=lambda n: (total(bipower_term(), n=n - 1),),
    parameters=PAIRS,
    unit="variance",
    convention="times n / (n - 1) for the missing product",
    oracle="literal",
    reference=BNS,
)(kernels.bipower_variation)


def jump_parts(n: int) -> tuple[Any, ...]:
    """Realised variance and bipower variation of n returns."""
    return realised_variance(n=n), bipower_variation(n=n)


jump_variation = feature(inputs=jump_parts, parameters=PAIRS, unit="variance", oracle="literal", reference=BNS)(
    kernels.jump_variation
)
jump_ratio = feature(inputs=jump_parts, parameters=PAIRS, unit="ratio", oracle="literal", reference=BNS)(
    kernels.jump_ratio
)
minrv = feature(
    inputs=lambda n: (total(minrv_term(), n=n - 1),), parameters=PAIRS, unit="variance", oracle="literal", reference=ADS
)(kernels.minrv)
medrv = feature(
    inputs=lambda n: (total(medrv_term(), n=n - 2),),
    parameters=TRIPLES,
    unit="variance",
    oracle="literal",
    reference=ADS,
)(kernels.medrv)
realised_semivariance = feature(
    inputs=lambda n: (total(falling_square(), n=n), total(rising_square(), n=n)),
    parameters=BARS,
    outputs=("down", "up"),
    unit="variance",
    oracle="literal",
    reference="Barndorff-Nielsen, Kinnebrock and Shephard, Measuring downside risk: realised semivariance, 2010",
)(kernels.realised_semivariance)
realised_skewness = feature(
    inputs=lambda n: (realised_variance(n=n), total(cubed_return(), n=n)),
    parameters=BARS,
    unit="ratio",
    oracle="literal",
    reference=AMAYA,
)(kernels.realised_skewness)
realised_kurtosis = feature(
    inputs=lambda n: (realised_variance(n=n), total(fourth_return(), n=n)),
    parameters=BARS,
    unit="ratio",
    oracle="literal",
    reference=AMAYA,
)(kernels.realised_kurtosis)
volatility_of_volatility = feature(
    inputs=lambda n, m: (moments(realised_volatility(n=n), n=m).variance,),
    parameters={**BARS, "m": Int(20, 2)},
    unit="ratio",
    convention="ddof 0",
    oracle="literal",
)(kernels.volatility_of_volatility)
volatility_ratio = feature(
    inputs=lambda fast, slow: (moments(log_return(), n=fast).variance, moments(log_return(), n=slow).variance),
    parameters={"fast": Int(10, 2), "slow": Int(50, 2)},
    unit="ratio",
    convention="ddof 0",
    oracle="literal",
)(kernels.volatility_ratio)

# --- of ranges -------------------------------------------------------------------------------------------------------

parkinson = feature(
    inputs=of_mean(squared_range()),
    parameters=BARS,
    unit="ratio",
    oracle="literal",
    reference="Parkinson, The extreme value method for estimating the variance of the rate of return, 1980",
)(kernels.parkinson)
garman_klass = feature(
    inputs=of_mean(garman_klass_variance()),
    parameters=BARS,
    unit="ratio",
    convention="the practical form",
    oracle="literal",
    reference="Garman and Klass, On the estimation of security price volatilities from historical data, 1980",
)(kernels.garman_klass)
rogers_satchell = feature(
    inputs=of_mean(rogers_satchell_variance()),
    parameters=BARS,
    unit="ratio",
    oracle="literal",
    reference="Rogers and Satchell, Estimating variance from high, low and closing prices, 1991",
)(kernels.rogers_satchell)
yang_zhang = feature(
    inputs=lambda n: (
        moments(log_gap(), n=n).variance,
        moments(log_body(), n=n).variance,
        sma(rogers_satchell_variance(), n=n),
    ),
    parameters=PAIRS,
    unit="ratio",
    convention="k = 0.34 / (1.34 + (n + 1) / (n - 1)), ddof 1",
    oracle="literal",
    reference="Yang and Zhang, Drift-independent volatility estimation, 2000",
)(kernels.yang_zhang)

# --- spreads and illiquidity -----------------------------------------------------------------------------------------

corwin_schultz = feature(
    inputs=of_mean(corwin_schultz_spread()),
    parameters=BARS,
    unit="ratio",
    convention="negative two-bar estimates count as 0; no adjustment for gaps",
    oracle="literal",
    reference="Corwin and Schultz, A simple way to estimate bid-ask spreads from daily high and low prices, 2012",
)(kernels.corwin_schultz)
becker_parkinson = feature(
    inputs=lambda n: (sma(two_bar_beta(), n=n), two_bar_gamma()),
    parameters=BARS,
    unit="ratio",
    convention="beta is a mean over n rows, gamma is of the last two bars",
    oracle="literal",
    reference="Lopez de Prado, Advances in Financial Machine Learning, 2018, chapter 19",
)(kernels.becker_parkinson)
abdi_ranaldo = feature(
    inputs=of_mean(abdi_ranaldo_spread()),
    parameters=BARS,
    unit="ratio",
    convention="two-day corrected; at the later bar of each pair",
    oracle="literal",
    reference="Abdi and Ranaldo, A simple estimation of bid-ask spreads from daily close, high, and low prices, 2017",
)(kernels.abdi_ranaldo)
roll_spread = feature(
    inputs=lambda n: (comoments(change(), previous_change(), n=n).covariance,),
    parameters=PAIRS,
    unit="price",
    power=1,
    convention="ddof 1; 0 where the covariance is above 0",
    oracle="pandas.rolling.cov",
    reference="Roll, A simple implicit measure of the effective bid-ask spread, 1984",
)(kernels.roll_spread)
amihud = feature(
    inputs=of_mean(amihud_term()),
    parameters=BARS,
    unit="return per value",
    power=-1,
    convention="not multiplied by 1e6; a bar without volume counts as 0",
    oracle="literal",
    reference="Amihud, Illiquidity and stock returns, 2002",
)(kernels.amihud)
