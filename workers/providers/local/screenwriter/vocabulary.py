"""The words the screenwriter knows: who speaks, what is felt, when it happens, what it is about."""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


SPEECH_VERBS = _words(
    """
    said says say replied replies answered answers asked asks cried cries exclaimed shouted
    whispered called calls murmured muttered declared remarked observed begged pleaded thought
    laughed sighed inquired enquired returned continued added repeated told screamed sang
    growled roared croaked barked hissed yelled explained demanded protested suggested responded
    wondered agreed announced boasted snapped sobbed spoke began quoth grumbled moaned chuckled
    warned promised insisted interrupted sagte rief antwortete sprach fragte flüsterte dit
    répondit demanda cria dijo respondió preguntó exclamó contestó gritó disse rispose chiese
    esclamò respondeu perguntou zei riep vroeg antwoordde sade svarade сказал сказала спросил
    спросила ответил ответила
    """
)

MALE_PRONOUNS = _words(
    """
    he er il él ele hij han он
    """
)
FEMALE_PRONOUNS = _words(
    """
    she sie elle ella ela zij hon она
    """
)
ARTICLES = _words(
    """
    the a an der die das ein eine dem den le la l les un une el los las una il lo gli o os um
    uma de het een my our your his her their this that old poor
    """
)

EMOTION_OF_VERB: dict[str, str] = {
    verb: emotion
    for emotion, verbs in {
        "excited": """
            cried cries exclaimed shouted called yelled rief gritó exclamó riep cria
        """,
        "whispering": """
            whispered murmured muttered flüsterte
        """,
        "sad": """
            sighed sobbed moaned begged pleaded
        """,
        "angry": """
            growled roared snapped screamed hissed barked demanded protested grumbled warned
        """,
        "happy": """
            laughed sang chuckled boasted agreed
        """,
        "curious": """
            asked inquired enquired wondered fragte vroeg preguntó demanda chiese
        """,
    }.items()
    for verb in verbs.split()
}

EMOTION_WORDS: dict[str, frozenset[str]] = {
    emotion: _words(words)
    for emotion, words in {
        "angry": """
            fool foolish rogue villain wretch liar thief hate rage dare stupid traitor
        """,
        "afraid": """
            help afraid fear danger terrible escape beware death die monster mercy
        """,
        "sad": """
            alas sorry poor lost sad weep tears cry lonely grief farewell dead
        """,
        "happy": """
            happy joy glad wonderful delight delicious thank thanks beautiful hurrah
        """,
        "tender": """
            dear love darling sweet gentle kind friend heart mother
        """,
    }.items()
}

MOOD_WORDS: dict[str, frozenset[str]] = {
    mood: _words(words)
    for mood, words in {
        "joyful": """
            happy joy joyful laughed laugh glad feast danced song merry delight smiled wedding
            sunshine cheerful
        """,
        "playful": """
            played play trick joke funny curious jumped leaped hopped mischief guise flattered
            praise
        """,
        "tender": """
            love loved kiss gentle mother child kind heart embraced friend dear warm
        """,
        "triumphant": """
            won victory triumph crowned escaped safely freedom proud conquered champion hero
            saved
        """,
        "sad": """
            sad sorrow wept tears alas grief lonely lost mourn died sick sickness poor hunger
            misfortune misfortunes
        """,
        "tense": """
            escape danger chase fight fought suddenly hurried difficulty thirst fear trap
            struggle breaking exposed storm race
        """,
        "angry": """
            angry rage furious upbraided quarrel shouted scolded hate revenge foolish
        """,
        "mysterious": """
            secret strange mystery shadow moon discovered whisper hidden magic trace prints
            dream stranger
        """,
        "dark": """
            death devoured blood dark killed grave murder ghost evil cruel monster prison
            disappeared fell
        """,
        "calm": """
            quiet peace rest sleep still gentle wise evening meadow garden
        """,
    }.items()
}

TIME_WORDS: dict[str, frozenset[str]] = {
    time: _words(words)
    for time, words in {
        "dawn": """
            dawn sunrise daybreak morning morgens aurore amanecer alba рассвет утро утром 早晨
            清晨 黎明 朝 아침 فجر صباح בוקר सुबह भोर
        """,
        "day": """
            noon midday afternoon daylight mittag midi mediodía полдень день днём 中午 白天 昼
            낮 ظهر نهار צהריים दोपहर दिन
        """,
        "dusk": """
            dusk sunset evening twilight abend soir crépuscule tarde sera вечер вечером закат
            傍晚 黄昏 夕方 저녁 مساء غروب ערב शाम
        """,
        "night": """
            night midnight moon moonlight stars nacht nuit noche notte ночь ночью 夜 晚上 밤 ليل
            الليل לילה रात
        """,
    }.items()
}

TIME_SHIFTS = _words(
    """
    once one then after afterwards later next meanwhile suddenly when soon finally now until
    years months days weeks yesterday tomorrow eventually presently
    """
)

THEME_WORDS: dict[str, frozenset[str]] = {
    theme: _words(words)
    for theme, words in {
        "deception": """
            trick tricked pretended pretend lie lied artifice guise deceived false scheme
            flattered cunning concealing
        """,
        "caution": """
            look before warned careful danger dangers wise trap prints beware inspected
        """,
        "greed": """
            gold greed greedy rich treasure money thirst hungry more
        """,
        "promises": """
            promise promised vow swore word oath breaking
        """,
        "friendship": """
            friend friends companion friendship together
        """,
        "love": """
            love loved kiss beloved wedding married heart
        """,
        "courage": """
            brave courage hero fought fearless bold
        """,
        "wisdom": """
            wise wisdom learn learned knew brains teacher lesson thought
        """,
        "power": """
            king queen throne power strength force strong crown
        """,
        "family": """
            mother father brother sister son daughter child family
        """,
        "loss": """
            died death lost grave mourning farewell tears
        """,
        "freedom": """
            free freedom escape escaped prison chains liberty
        """,
        "pride": """
            proud pride vain boasted boast beauty
        """,
        "patience": """
            slow patient patience steady waited wait
        """,
        "kindness": """
            kind kindness helped help mercy gave shared gentle
        """,
        "nature": """
            forest river sea tree trees mountain garden spring winter
        """,
        "discovery": """
            discovered found strange secret journey explored star planet
        """,
    }.items()
}

TRAIT_WORDS: dict[str, frozenset[str]] = {
    trait: _words(words)
    for trait, words in {
        "cunning": """
            trick pretended artifice guise scheme concealing sly cunning clever flattered
            pretending
        """,
        "trusting": """
            readily assented believed trusted thoughtlessly innocent simple
        """,
        "thirsty": """
            thirst thirsty
        """,
        "hungry": """
            hungry hunger devoured famished food
        """,
        "observant": """
            noticed notice discovered saw observed prints watched trace
        """,
        "careful": """
            careful cautious distance slowly wisely inspected
        """,
        "brave": """
            brave bravely fought courage bold
        """,
        "foolish": """
            foolish fool silly
        """,
        "kind": """
            kind kindly gentle helped shared mercy generous
        """,
        "proud": """
            proud boasted vain haughty
        """,
        "weak": """
            sick old infirmities weak feeble tired
        """,
        "gloomy": """
            sad wept sorrow sighed lonely
        """,
        "quick": """
            fast quick swift ran leaped jumped nimble
        """,
        "patient": """
            patient slow steady waited
        """,
        "curious": """
            curious asked inquired wondered
        """,
        "angry": """
            angry rage furious upbraided scolded
        """,
    }.items()
}

NOT_NAMES = _words(
    """
    i you he she it we they the a an and but or so if when then there here this that these those
    his her its their my our your what who why how where no not yes oh ah o well now one two
    three once after before while as at in on for from with by of to god lord mr mrs miss monday
    tuesday wednesday thursday friday saturday sunday january february march april may june july
    august september october november december chapter english french german american christmas
    easter all every some many each such thus yet still even only just let come go look pray
    alas never nothing everything something someone everyone please thank thanks good dear sir
    madam although because since though until upon under over into during without within most
    more both having being seeing hearing taking looking turning steadying concealing earth
    heaven everybody nobody perhaps maybe later soon finally suddenly meanwhile next again first
    last der die das und aber er sie es ein eine wir ihr le la les il elle et mais un une nous
    vous el los las y pero una ella nosotros lo gli e ma
    """
)
