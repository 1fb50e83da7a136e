"""Features: numbers computed from bars, trades, quotes and the book; indicators, statistics, measures of liquidity."""

from typing import TYPE_CHECKING

from tickloom import hookimpl

if TYPE_CHECKING:
    from tickloom.plugins import Register

#: Registered names by the module that declares them; there, the name of a feature is the name of its record.
CATALOGUE = {
    "terms": "total moments comoments highest lowest true_range typical_price log_return",
    "averages": "sma ema ema_first rma wma dema tema t3 trima hma kama vidya zlema vwma vwap vwap_rolling mavp "
    "midpoint midprice alma frama mcginley super_smoother laguerre ma",
    "bands": "atr natr adr cvi massi rvi bbands percent_b bandwidth keltner donchian accbands supertrend sar sarext "
    "ichimoku chande_kroll_stop distance_from_average",
    "volume": "ad adosc cmf marketfi emv efi nvi pvi obv pvt mfi wad kvo vzo pvo rvol volume_roc volume_zscore "
    "qlib_vma qlib_vstd qlib_wvma qlib_vsump qlib_vsumn qlib_vsumd",
    "prices": "average_price median_price weighted_close bar_range heikin_ashi average_deviation gap qlib_bar "
    "internal_bar_strength drawdown drawdown_all",
    "statistics": "correlation beta linear_slope linear_regression linear_intercept linear_forecast linear_angle "
    "variance standard_deviation cumulative_sum percentile percent_rank highest_age lowest_age",
    "volatility": (
        "zscore ulcer_index historical_volatility ewma_volatility garch_volatility realised_variance "
        "realised_volatility bipower_variation jump_variation jump_ratio minrv medrv realised_semivariance "
        "realised_skewness realised_kurtosis volatility_of_volatility volatility_ratio parkinson garman_klass "
        "rogers_satchell yang_zhang corwin_schultz becker_parkinson abdi_ranaldo roll_spread amihud"
    ),
    "scaled": "ew_zscore rolling_minmax",
    "ratios": "ratio lagged_ratio relative_deviation range_place",
    "order_book": "quoted_spread relative_spread weighted_mid microprice_momentum microprice microprice_online "
    "queue_imbalance order_flow_imbalance order_flow_imbalance_sum order_flow_imbalance_decayed bid_queue ask_queue "
    "bid_life ask_life bid_cancelled ask_cancelled bid_cancel_burst ask_cancel_burst traded_imbalance "
    "trades_per_update quote_intensity mid_variance",
    "book_depth": "depth_imbalance depth_imbalance_weighted depth_near sweep_price cost_to_trade book_slope "
    "book_pressure order_flow_imbalance_level order_flow_imbalance_weighted integrated_order_flow_imbalance",
    "trade_flow": "tick_rule lee_ready trade_imbalance trade_imbalance_decayed signed_run trade_size_rank large_trade "
    "trade_duration bulk_buy_fraction_normal vpin_aggressor vpin_bulk_normal arrival_rates hawkes_intensity "
    "hawkes_sides",
    "trade_impact": "signed_volume kyle_lambda hasbrouck_lambda effective_spread spread_parts spread_parts_timed",
    "momentum": "mom roc rocp rocr rocr100 roc_qlib er vhf cmou rsi_sum coppock kst rsi cmo rmi imi psl streak "
    "connors_rsi",
    "convergence": "apo ppo macd macdfix macd_tv macdext trix tsi eri fosc cti inertia pretty_good_oscillator",
    "oscillators": "stoch stochf stochrsi kdj willr smi schaff_trend_cycle fisher laguerre_rsi qqe",
    "distances": "cci ao ac dpo qstick bop ultosc rvgi ttm_squeeze",
    "directional": "plus_dm minus_dm plus_di minus_di dx adx adxr aroon aroonosc vortex choppiness fractal zigzag amat "
    "cross_age",
    "candles": "doji dragonfly_doji gravestone_doji long_legged_doji rickshaw_man takuri marubozu closing_marubozu "
    "belt_hold long_line short_line spinning_top high_wave engulfing harami harami_cross doji_star hammer "
    "hanging_man inverted_hammer shooting_star counterattack separating_lines dark_cloud_cover piercing "
    "thrusting in_neck on_neck homing_pigeon matching_low kicking kicking_by_length two_crows "
    "upside_gap_two_crows three_inside three_outside three_stars_in_south three_white_soldiers advance_block "
    "stalled_pattern identical_three_crows abandoned_baby morning_star evening_star morning_doji_star "
    "evening_doji_star gap_side_by_side_white tasuki_gap gap_three_methods stick_sandwich tristar "
    "unique_three_river three_black_crows three_line_strike concealing_baby_swallow breakaway ladder_bottom "
    "mat_hold rise_fall_three_methods hikkake hikkake_modified",
    "series": (
        "skewness skewness_corrected kurtosis kurtosis_corrected median quantile median_absolute_deviation rank "
        "highest_place lowest_place extreme_order autocorrelation variance_ratio half_life hurst "
        "detrended_fluctuation fractional_difference cusum_filter kalman_level recursive_beta up_down_counts "
        "up_down_sums relative_slope relative_residual line_fit price_volume_correlation change_correlation "
        "complexity c3 time_reversal_asymmetry mean_absolute_change longest_strike number_of_peaks time_of_day "
        "day_of_week"
    ),
    "entropy": "sign_entropy binned_entropy permutation_entropy lempel_ziv kontoyiannis_entropy spectral_energy",
    "across": "cross_rank cross_zscore relative_strength dispersion market_beta pair_zscore",
    "cycles": "cycle_period cycle_phasor cycle_phase cycle_sine cycle_trendline cycle_trend_mode mama",
}

#: Registered names of sets of features; each is a sequence of uses in the module `presets`.
PRESETS = ("alpha158", "alpha360")


@hookimpl
def tickloom_register(register: "Register") -> None:
    """Announce the room's plugins."""
    for module, names in CATALOGUE.items():
        for name in names.split():
            register.feature(name, f"tickloom_plugins.features.indicators.{module}:{name}")
    for name in PRESETS:
        register.feature(name, f"tickloom_plugins.features.presets:{name}")
